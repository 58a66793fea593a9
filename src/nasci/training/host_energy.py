"""Energy of the processor, where the machine tells: Intel's and AMD's counters on Linux (RAPL).

They count the whole package, whoever uses it: an upper bound of what a contestant has used. Where
they are missing, or only the administrator may read them, nothing is estimated.
"""

from pathlib import Path

from nasci.training.state import State

_DOMAINS = Path("/sys/class/powercap")
_PACKAGES = "intel-rapl:[0-9]*"  # `intel-rapl:0`; parts of one, such as `intel-rapl:0:1`, are in it


class EnergyMeter:
    """Joules of the processor packages since it was made; goes on after an interruption."""

    def __init__(self, domains: Path = _DOMAINS) -> None:
        """Start at zero; `domains` is the folder of the counters."""
        packages = sorted(domains.glob(_PACKAGES)) if domains.is_dir() else []
        self._packages = [path for path in packages if path.name.count(":") == 1]
        self._joules: float | None = 0.0
        self._last = self._read()

    def joules(self) -> float | None:
        """Return what was used so far; None where the machine does not tell."""
        now = self._read()
        if self._joules is None or self._last is None or now is None:
            return None
        for (before, _), (after, most) in zip(self._last, now, strict=True):
            used = after - before
            self._joules += (used if used >= 0 else used + most) / 1e6  # the counter wraps
        self._last = now
        return self._joules

    def state(self) -> State:
        """Return the joules so far."""
        return State({"joules": self.joules()})

    def restore(self, state: State) -> None:
        """Go on from a state; what was used between counts for nobody."""
        self._joules = state.values["joules"]

    def _read(self) -> list[tuple[int, int]] | None:
        """Return microjoules of every package and where its counter wraps."""
        try:
            return [
                (
                    int((path / "energy_uj").read_text()),
                    int((path / "max_energy_range_uj").read_text()),
                )
                for path in self._packages
            ] or None
        except (OSError, ValueError):
            return None
