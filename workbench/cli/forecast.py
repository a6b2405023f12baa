"""A check before the start, in words and as JSON."""

from __future__ import annotations

import dataclasses
from typing import Any

from workbench.cli.progress import duration
from workbench.run.preflight import Preflight


def in_words(found: Preflight) -> list[str]:
    """What is known of the run, one line for each question a person has."""
    lines = [
        f"On {found.device} in {found.precision}; {found.trained / 1e6:.1f} of {found.parameters / 1e6:.1f} M "
        f"weights learn.",
        f"Memory: about {_size(found.memory_peak)} at the most; {_size(found.memory_total)} can be used.",
        f"Disk: up to {_size(found.disk_needed)}; {_size(found.disk_free)} are free.",
    ]
    if found.fits:
        lines.append(
            f"Time: about {duration(found.seconds)} for {found.total_steps} steps "
            f"({duration(found.training_seconds)} of it training)."
        )
    if found.fits and found.watts:
        cost = f", which costs {found.cost:.2f}" if found.price else ""
        lines.append(f"Energy: about {found.energy:.3f} kWh{cost}.")
    return lines + list(found.notes)


def as_plain(found: Preflight) -> dict[str, Any]:
    """The same as JSON shows it; sizes in bytes, times in seconds."""
    plain = dataclasses.asdict(found)
    plain["offers"] = [
        {"title": offer.title, "help": offer.help, "changes": dict(offer.changes)} for offer in found.offers
    ]
    more = {"fits": found.fits, "seconds": found.seconds, "energy": found.energy, "cost": found.cost}
    return plain | more


def _size(size: float) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.0f} MB"
