"""Findings are as frequent as NIH's, come together, and last from one image to the next."""

import math
from itertools import islice

import numpy as np
import pytest

from nasci.simulate import chest_patients
from nasci.simulate.chest import FINDINGS

NIH = (10.3, 2.5, 11.9, 17.7, 5.1, 5.6, 1.3, 4.7, 4.2, 2.1, 2.2, 1.5, 3.0, 0.2)  # %


@pytest.fixture(scope="module")
def many_visits() -> list[chest_patients.Visit]:
    return list(islice(chest_patients.visits(3), 24_000))


def test_names_are_those_of_nih_in_its_order() -> None:
    assert FINDINGS == tuple(
        "Atelectasis Cardiomegaly Effusion Infiltration Mass Nodule Pneumonia Pneumothorax "
        "Consolidation Edema Emphysema Fibrosis Pleural_Thickening Hernia".split()
    )


def test_prevalences_are_those_of_nih_but_hernia(many_visits) -> None:
    labels = np.array([visit.severity > 0 for visit in many_visits])
    share = labels.mean(axis=0)
    # Several images of a patient say little more than one: about half as many count.
    tolerance = 4 * np.sqrt(share * (1 - share) / (len(labels) / 2.5)) + 0.0025
    raised = np.maximum(np.array(NIH) / 100, 0.015)
    assert (np.abs(share - raised) < tolerance).all(), dict(zip(FINDINGS, share, strict=True))
    assert 0.46 < (~labels.any(axis=1)).mean() < 0.60  # NIH: 54 % without a finding


@pytest.mark.parametrize("seed", range(4))
def test_every_finding_has_at_least_forty_images(seed: int) -> None:
    labels = np.array([v.severity > 0 for v in islice(chest_patients.visits(seed), 4800)])
    assert labels.sum(axis=0).min() >= 40


def test_findings_come_together_and_last(many_visits) -> None:
    labels = np.array([visit.severity > 0 for visit in many_visits])
    at = {name: labels[:, k] for k, name in enumerate(FINDINGS)}

    def lift(one: str, other: str) -> float:
        return (at[one] & at[other]).mean() / (at[one].mean() * at[other].mean())

    assert lift("Effusion", "Atelectasis") > 1.5
    assert lift("Pneumonia", "Infiltration") > 1.5
    assert lift("Pneumothorax", "Emphysema") > 1.5
    assert 0.6 < lift("Cardiomegaly", "Nodule") < 1.5
    patients = np.array([visit.patient for visit in many_visits])
    again = patients[1:] == patients[:-1]
    lasts = {name: (a[1:] & a[:-1])[again].sum() / a[:-1][again].sum() for name, a in at.items()}
    assert lasts["Cardiomegaly"] > 0.6 and lasts["Hernia"] > 0.6
    assert lasts["Pneumonia"] < 0.35


def test_patients_have_one_to_eight_images_most_one_or_two(many_visits) -> None:
    patients = np.array([visit.patient for visit in many_visits])
    assert (np.diff(patients) >= 0).all() and patients[0] == 1
    num_images = np.bincount(patients)[1:-1]
    assert num_images.min() == 1 and num_images.max() == chest_patients.MAX_IMAGES
    assert (num_images <= 2).mean() > 0.6


def test_severity_is_uniform_over_the_ill(many_visits) -> None:
    severity = np.array([visit.severity for visit in many_visits])[:, 3]
    ill = severity[severity > 0]
    assert ill.mean() == pytest.approx(0.5, abs=0.02)
    assert ill.std() == pytest.approx(math.sqrt(1 / 12), abs=0.02)
