"""The machine's energy meters: counters that begin anew, those that cannot be read, and what a run keeps of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.engine.energy import EnergyMeter, gpu_meters, processor_meters
from workbench.run.energy import FILE, Energy, add_energy, energy_of


def zone(root: Path, place: str, name: str, microjoules: int, limit: int = 1000_000_000) -> Path:
    folder = root / place
    folder.mkdir(parents=True)
    (folder / "name").write_text(f"{name}\n")
    (folder / "max_energy_range_uj").write_text(str(limit))
    (folder / "energy_uj").write_text(str(microjoules))
    return folder / "energy_uj"


def test_processors_and_their_memory_are_counted_once(tmp_path: Path) -> None:
    first = zone(tmp_path, "intel-rapl:0", "package-0", 999_000_000)
    second = zone(tmp_path, "intel-rapl:1", "package-1", 5_000_000)
    memory = zone(tmp_path, "intel-rapl:1:0", "dram", 0)
    for place, name in (("intel-rapl:0:0", "core"), ("intel-rapl:2", "psys")):
        zone(tmp_path, place, name, 7)
    (tmp_path / "intel-rapl:3").mkdir()  # one that says nothing
    meters = processor_meters(tmp_path)
    assert len(meters) == 3
    first.write_text("4000000")  # it began anew on the way: 1 J before, 4 J after
    second.write_text("7000000")
    memory.write_text("500000")
    assert sum(meter() for meter in meters) == pytest.approx(5 + 2 + 0.5)
    second.unlink()
    assert sum(meter() for meter in meters) == 0
    assert processor_meters(tmp_path / "nowhere") == []


def test_what_was_counted_is_added_to_what_the_run_has(tmp_path: Path) -> None:
    left = iter([1.0, 2.0])
    meter = EnergyMeter({"processor": [lambda: next(left)], "GPU": []}, every=1000)
    found = meter.end()
    assert found is not None and dict(found.joules) == {"processor": 1.0} and found.seconds >= 0
    assert meter.end() is None
    add_energy(tmp_path, Energy({"processor": 1500.0}, 60))
    add_energy(tmp_path, Energy({"processor": 500.0, "GPU": 3.6e6}, 60))
    whole = energy_of(tmp_path)
    assert whole == Energy({"processor": 2000.0, "GPU": 3.6e6}, 120)
    assert "3.6e+03 kJ" in whole.in_words() and "1 kWh" in whole.in_words() and "2.0 min" in whole.in_words()


def test_where_there_is_no_meter_nothing_is_kept(tmp_path: Path) -> None:
    assert EnergyMeter({"processor": [], "GPU": gpu_meters(object())}).end() is None
    assert energy_of(tmp_path) is None
    (tmp_path / FILE).write_text('{"joules": 3}')
    assert energy_of(tmp_path) is None
