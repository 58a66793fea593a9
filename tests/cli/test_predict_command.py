"""`nasci predict`: the table that it writes and prints, and its errors."""

import csv
from pathlib import Path

import numpy as np
import pytest

from nasci import api, load


def test_a_row_an_input(nasci, digits_npz: Path, tmp_path: Path) -> None:
    api.train(digits_npz, "linear", budget="1epochs", out=tmp_path / "run")
    x = load(digits_npz).test.x[:]
    np.save("new.npy", x)
    code, out, err = nasci("predict", "run/linear/seed0", "new.npy", "--out", "found/p.csv")
    assert (code, err) == (0, "")
    assert f"All {len(x)} predictions: found/p.csv" in out
    with Path("found/p.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    expected = api.predict(tmp_path / "run/linear/seed0", x)
    assert header == ["example", "class", "0", "1", "2", "3"]
    assert [row[0] for row in rows] == [str(number) for number in range(len(x))]
    assert tuple(row[1] for row in rows) == expected.labels
    values = np.array([row[2:] for row in rows], float)
    np.testing.assert_allclose(values, expected.values, rtol=1e-5)


def test_units_stand_in_the_header(nasci, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 8, 8)).astype(np.float32)
    data = load((x, np.stack([x.mean(axis=(1, 2)), x[:, 0, 0]], axis=1)), task="regression")
    target = data.target.model_copy(update={"names": ("strain", "=b"), "units": ("%", "")})
    object.__setattr__(data, "target", target)
    api.train(data, "linear", budget="1epochs", out=tmp_path / "run")
    np.savez("new.npz", X=x)
    assert nasci("predict", "run/linear/seed0", "new.npz")[0] == 0
    assert Path("predictions.csv").read_text().splitlines()[0] == "example,strain [%],'=b"


@pytest.mark.parametrize("model", ["nothing", "."])
def test_errors_are_one_sentence(nasci, model: str) -> None:
    code, out, err = nasci("predict", model, "new.npy")
    assert code == 2
    assert err.startswith("Error: Expected")
    assert err.count("\n") == 1
    assert "Traceback" not in out + err
