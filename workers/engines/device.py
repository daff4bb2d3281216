"""Which device and precision a model runs in here, and how much memory it leaves."""

from __future__ import annotations

from typing import Final

import torch
import transformers

from core.errors import DeviceUnavailable
from workers.engines.checkpoints import Checkpoint
from workers.engines.settings import EngineSettings

CPU_ROWS: Final = 8
"""Chunks decoded together on a CPU: as fast as any number, and a pass stays well under a minute."""
MOST_CUDA_ROWS: Final = 64
MEMORY_SHARE: Final = 0.8
"""How much of the free device memory rows may plan with; the rest is the allocator's and the kernels'."""

DTYPES: Final = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32}


def use_threads(settings: EngineSettings) -> None:
    """For the whole process: it holds one engine."""
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)


def chosen_device(settings: EngineSettings) -> torch.device:
    if settings.device == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    return torch.device("cuda:0" if settings.device == "cuda" else settings.device)


def require(device: torch.device) -> None:
    """Raise `DeviceUnavailable` for a GPU that is not there, before torch says so in its own words."""
    count = torch.cuda.device_count()
    if device.type == "cuda" and (device.index or 0) >= count:
        raise DeviceUnavailable(f"There is no {device} here: torch sees {count} CUDA devices.")


def chosen_dtype(settings: EngineSettings, device: torch.device) -> torch.dtype:
    if settings.dtype != "auto":
        return DTYPES[settings.dtype]
    if device.type == "cuda":
        return torch.float16
    return torch.bfloat16 if has_fast_bfloat16() else torch.float32


def has_fast_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 matrices in hardware.

    Measured with whisper-base: with AMX bfloat16 takes half of float32's time, with AVX512-BF16
    alone the same, with neither three times as long.
    """
    return bool(torch.cpu.get_capabilities().get("amx_bf16", False))


def affordable_rows(device: torch.device, row_bytes: int) -> int:
    """Chunks that can be decoded together beside the model already loaded; at least one."""
    if device.type != "cuda":
        return CPU_ROWS
    free, _ = torch.cuda.mem_get_info(device)
    return max(1, min(MOST_CUDA_ROWS, int(free * MEMORY_SHARE) // row_bytes))


def passes(device: torch.device) -> int:
    """Decodes per device batch: two keep a GPU busy while the next batch is claimed; a CPU gains nothing."""
    return 2 if device.type == "cuda" else 1


def free_memory() -> None:
    """Give back what the allocator keeps of freed tensors."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def name_of(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def name_of_dtype(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def version_with(checkpoint: Checkpoint) -> str:
    """What must be the same for a hypothesis to be reproducible."""
    return f"transformers {transformers.__version__}, torch {torch.__version__}, {checkpoint.revision}"
