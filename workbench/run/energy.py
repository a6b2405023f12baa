"""The energy that a run has used, as far as the machine's own meters tell, in a small file of the run folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from workbench.run.files import write_whole

#: The file in the run folder.
FILE = "energy.json"


@dataclass(frozen=True, slots=True)
class Energy:
    """What meters counted while a run was in work. Everything that the machine did meanwhile counts.

    Attributes:
        joules: By meter: "processor" (RAPL, with its memory where that is metered) and "GPU" (NVML).
        seconds: For how long they counted.
    """

    joules: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def total(self) -> float:
        """Joules of all meters."""
        return sum(self.joules.values())

    def plus(self, other: Energy) -> Energy:
        """Both together: a run that was resumed was measured several times."""
        names = dict.fromkeys((*self.joules, *other.joules))
        sums = {name: self.joules.get(name, 0.0) + other.joules.get(name, 0.0) for name in names}
        return Energy(sums, self.seconds + other.seconds)

    def in_words(self) -> str:
        """What a person reads: "36.4 kJ (0.0101 kWh) in 5.2 min: processor 36.4 kJ"."""
        parts = ", ".join(f"{name} {_amount(value)}" for name, value in self.joules.items())
        long = f"{self.seconds / 60:.1f} min" if self.seconds >= 90 else f"{self.seconds:.0f} s"
        return f"{_amount(self.total)} ({self.total / 3.6e6:.3g} kWh) in {long}: {parts}"


def _amount(joules: float) -> str:
    return f"{joules / 1000:.3g} kJ" if joules >= 1000 else f"{joules:.3g} J"


def energy_of(run: Path) -> Energy | None:
    """What was measured for a run, by its folder; None where nothing was."""
    with suppress(OSError, ValueError, TypeError, AttributeError, KeyError):
        plain = json.loads((run / FILE).read_text(encoding="utf-8"))
        joules = {str(name): float(value) for name, value in plain["joules"].items()}
        return Energy(joules, float(plain["seconds"])) if joules else None
    return None


def add_energy(run: Path, energy: Energy) -> None:
    """Add to what was measured for a run; a folder that cannot be written keeps what it has."""
    whole = (energy_of(run) or Energy()).plus(energy)
    plain = {"joules": dict(whole.joules), "seconds": whole.seconds}
    with suppress(OSError):
        write_whole(run / FILE, json.dumps(plain, indent=2))
