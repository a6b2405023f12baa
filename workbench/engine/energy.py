"""Reads the machine's own energy meters while a run is in work: RAPL for the processor, NVML for NVIDIA GPUs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from workbench.run.energy import Energy, add_energy

#: Where Linux shows RAPL; most systems let only the administrator read the counters since 2020.
POWERCAP = Path("/sys/class/powercap")
#: Seconds between two looks: a processor's counter begins anew after some minutes, and a power is not constant.
EVERY = 5.0

#: Gives the joules since it was asked last.
Meter = Callable[[], float]


def processor_meters(root: Path = POWERCAP) -> list[Meter]:
    """A meter for each processor, and for its memory where that is not counted with it; those that can be read."""
    found = []
    for zone in sorted(root.glob("intel-rapl:*")):  # the name is the same on AMD
        with suppress(OSError, ValueError):
            name = (zone / "name").read_text().strip()
            # The parts of a processor are counted with it, and "psys" is the whole machine once more.
            if name.startswith("package") or name == "dram":
                found.append(_counter(zone))
    return found


def _counter(zone: Path) -> Meter:
    file = zone / "energy_uj"
    limit = int((zone / "max_energy_range_uj").read_text())
    before = int(file.read_text())

    def since() -> float:
        nonlocal before
        with suppress(OSError, ValueError):
            now = int(file.read_text())
            joules = (now - before if now >= before else now - before + limit) / 1e6
            before = now
            return joules
        return 0.0

    return since


def gpu_meters(device: Any) -> list[Meter]:
    """The meter of a torch device; none where it is no NVIDIA GPU, or pynvml is not installed."""
    if getattr(device, "type", "") != "cuda":
        return []
    try:
        import pynvml  # type: ignore[import-not-found,import-untyped,unused-ignore]
        import torch

        pynvml.nvmlInit()
        uuid = str(torch.cuda.get_device_properties(device).uuid)
        handle = pynvml.nvmlDeviceGetHandleByUUID(uuid if uuid.startswith("GPU-") else f"GPU-{uuid}")
        return [_nvml(pynvml, handle)]
    except Exception:  # of a library that may not fit the driver: energy is nice to know, and no more
        return []


def _nvml(nvml: Any, handle: Any) -> Meter:
    """By millijoules since the driver was loaded, which GPUs count from Volta on; else by the power now and then."""
    before, then = _millijoules(nvml, handle), time.monotonic()
    if before is None:
        nvml.nvmlDeviceGetPowerUsage(handle)  # raises where neither can be read

    def since() -> float:
        nonlocal before, then
        last, then = then, time.monotonic()
        if before is None:
            with suppress(Exception):
                return float(nvml.nvmlDeviceGetPowerUsage(handle)) / 1000 * (then - last)
            return 0.0
        now = _millijoules(nvml, handle)
        counted, before = (0.0, before) if now is None else (now - before, now)
        return counted / 1000

    return since


def _millijoules(nvml: Any, handle: Any) -> float | None:
    with suppress(Exception):
        return float(nvml.nvmlDeviceGetTotalEnergyConsumption(handle))
    return None


class EnergyMeter:
    """Counts from now until `end`, in a thread that does nothing but read counters now and then; none where there is
    nothing to read."""

    def __init__(self, meters: dict[str, Sequence[Meter]], every: float = EVERY) -> None:
        self._meters = {name: list(some) for name, some in meters.items() if some}
        self._joules = dict.fromkeys(self._meters, 0.0)
        self._began, self._every = time.monotonic(), every
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        if self._meters:
            self._thread = threading.Thread(target=self._watch, name="energy-meter", daemon=True)
            self._thread.start()

    def end(self) -> Energy | None:
        """What was counted; None where nothing could be, and when it has ended already."""
        if self._thread is None:
            return None
        self._over.set()
        self._thread.join()
        self._thread = None
        self._read()
        return Energy(dict(self._joules), time.monotonic() - self._began)

    def _watch(self) -> None:
        while not self._over.wait(self._every):
            self._read()

    def _read(self) -> None:
        for name, meters in self._meters.items():
            self._joules[name] += sum(meter() for meter in meters)


@contextmanager
def measuring_energy(folder: Path | None, device: Any) -> Iterator[Callable[[], None]]:
    """Measure while a run is in work, and add what was counted to its folder at the end, or when what is given here is
    called; None measures nothing."""
    meter = EnergyMeter(
        {} if folder is None else {"processor": processor_meters(), "GPU": gpu_meters(device)}
    )

    def end() -> None:
        found = meter.end()
        if found is not None and folder is not None:
            add_energy(folder, found)

    try:
        yield end
    finally:
        end()
