"""Energy from counters as Linux shows them, in a folder of our own."""

from pathlib import Path

import pytest

from nasci.training.host_energy import EnergyMeter


@pytest.fixture
def domains(tmp_path: Path) -> Path:
    for name in ("intel-rapl:0", "intel-rapl:1", "intel-rapl:0:0"):
        (tmp_path / name).mkdir()
        _count(tmp_path / name, 1_000_000)
        (tmp_path / name / "max_energy_range_uj").write_text("9000000\n")
    return tmp_path


def _count(package: Path, microjoules: int) -> None:
    (package / "energy_uj").write_text(f"{microjoules}\n")


def test_packages_add_up_and_their_parts_do_not_count_twice(domains: Path) -> None:
    meter = EnergyMeter(domains)
    assert meter.joules() == 0
    for name in ("intel-rapl:0", "intel-rapl:1", "intel-rapl:0:0"):
        _count(domains / name, 3_000_000)
    assert meter.joules() == pytest.approx(4)


def test_a_counter_that_wraps(domains: Path) -> None:
    meter = EnergyMeter(domains)
    _count(domains / "intel-rapl:0", 500_000)
    assert meter.joules() == pytest.approx(8.5)


def test_it_goes_on_after_an_interruption(domains: Path) -> None:
    meter = EnergyMeter(domains)
    _count(domains / "intel-rapl:0", 2_000_000)
    state = meter.state()
    _count(domains / "intel-rapl:0", 7_000_000)  # while nothing ran
    later = EnergyMeter(domains)
    later.restore(state)
    _count(domains / "intel-rapl:0", 8_000_000)
    assert later.joules() == pytest.approx(2)


def test_without_counters_nothing_is_made_up(tmp_path: Path, domains: Path) -> None:
    assert EnergyMeter(tmp_path / "none").joules() is None
    (domains / "intel-rapl:0" / "energy_uj").unlink()
    assert EnergyMeter(domains).joules() is None
