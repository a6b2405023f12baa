"""What computes here, and which number format it does well."""

from __future__ import annotations

import contextlib
import os
import platform
from functools import lru_cache
from typing import Literal

import psutil
import torch

from workbench.run.problem import bad_input

Precision = Literal["fp32", "bf16", "fp16"]
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def choose_device(wanted: str = "auto") -> torch.device:
    """The device to compute on: the wanted one, or the fastest that is there.

    Raises:
        WorkbenchError: When the wanted device is not there.
    """
    here = {
        "cuda": torch.cuda.is_available(),
        "xpu": torch.xpu.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if wanted == "auto":
        wanted = next(name for name, there in here.items() if there)
    if not here.get(wanted, False):
        there = ", ".join(name for name, is_there in here.items() if is_there)
        raise bad_input(
            f"training.device (Device): {wanted} is not there.",
            f"This machine and this build of torch offer: {there}.",
            "Choose auto, or one of these.",
            field="training.device",
        )
    return torch.device(wanted)


def describe(device: torch.device) -> str:
    """The device in words: "NVIDIA H100", "Intel Xeon, 2 threads"."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "xpu":
        return str(torch.xpu.get_device_name(device))
    if device.type == "mps":
        return "Apple GPU"
    count = torch.get_num_threads()
    return f"{_processor()}, {count} thread{'' if count == 1 else 's'}"


def _processor() -> str:
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
        for line in file:
            if line.startswith("model name"):
                words = line.partition(":")[2].replace("(R)", "").replace("(TM)", "").split()
                return " ".join(w for w in words if w not in {"Processor", "CPU"}).partition(" @")[0] or "CPU"
    return platform.processor() or "CPU"


def choose_precision(wanted: str, device: torch.device) -> Precision:
    """The number format of the arithmetic; weights themselves stay in float32.

    bfloat16 is taken where the device multiplies it faster than float32: CPUs with AMX or AVX512-BF16 and
    GPUs from Ampere on. float16 (with loss scaling) is left for older GPUs.
    """
    if wanted == "fp16" and device.type == "cpu":
        raise bad_input(
            "training.precision (Precision): fp16 is not for the CPU.",
            "float16 training needs a GPU.",
            "Choose auto, bf16 or fp32.",
            field="training.precision",
        )
    if wanted in ("fp32", "bf16", "fp16"):
        return wanted  # type: ignore[return-value]
    if device.type == "cuda":
        return "bf16" if torch.cuda.get_device_capability(device)[0] >= 8 else "fp16"
    if device.type == "cpu":
        fast = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
        return "bf16" if fast else "fp32"
    return "bf16" if device.type == "xpu" else "fp32"


def prefer_fast_arithmetic(device: torch.device, *, deterministic: bool) -> None:
    """Let float32 matrix products use TF32 where the GPU has it, or allow only repeatable arithmetic.

    These are settings of the whole process; each run sets them anew.
    """
    torch.use_deterministic_algorithms(deterministic)
    if device.type != "cuda":
        return
    # cuBLAS reads this when it makes its first handle; it must be there before the first product.
    if deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cudnn.benchmark = not deterministic
    torch.set_float32_matmul_precision("highest" if deterministic else "high")


def autocast(device: torch.device, precision: Precision) -> contextlib.AbstractContextManager[object]:
    """The context in which a forward pass runs at this precision."""
    if precision == "fp32":
        return contextlib.nullcontext()
    return torch.autocast(device.type, dtype=DTYPES[precision])


def memory_in_use(device: torch.device) -> int:
    """Bytes: the device's allocated memory, or this process's resident memory on the CPU."""
    if device.type == "cuda":
        return int(torch.cuda.memory_allocated(device))
    if device.type == "xpu":
        return int(torch.xpu.memory_allocated(device))
    if device.type == "mps":
        return int(torch.mps.current_allocated_memory())
    return int(_this_process(os.getpid()).memory_info().rss)


@lru_cache(maxsize=1)
def _this_process(number: int) -> psutil.Process:
    return psutil.Process(number)  # asks for its own age, which takes longer than the question itself


def usable_memory(device: torch.device) -> int:
    """Bytes that this process may use at most: what it has already and what is free."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free + torch.cuda.memory_reserved(device))
    own = int(psutil.Process().memory_info().rss)
    usable = own + int(psutil.virtual_memory().available)
    group = _control_group_limit()
    return min(usable, group) if group else usable


def _control_group_limit() -> int:
    """The memory limit of the container that this process is in; 0 for none."""
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError), open(path, encoding="utf-8") as file:  # noqa: PTH123
            limit = int(file.read())
            return limit if limit < 2**60 else 0  # the old form writes "no limit" as a huge number
    return 0


def total_memory(device: torch.device) -> int:
    """Bytes of memory that the device has."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return int(psutil.virtual_memory().total)
