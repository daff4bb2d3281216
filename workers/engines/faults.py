"""What a device's failure means for the work at hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import torch

from core.errors import EngineBroken, EngineOverloaded, ServiceError

# Besides torch.OutOfMemoryError: the CPU's allocator, a driver call and the libraries' own workspaces.
_MEMORY_WORDS: Final = (
    "can't allocate memory",
    "out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)
# After any other of these every later call on the device fails too.
_DEVICE_WORDS: Final = ("CUDA error", "CUBLAS_STATUS_", "CUDNN_STATUS_", "device-side assert")


@contextmanager
def device_faults() -> Iterator[None]:
    """Raise `EngineOverloaded` for memory and `EngineBroken` for a lost device; bugs pass through."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        meaning = meaning_of(error)
        if meaning is None:
            raise
        raise meaning from error


def meaning_of(error: RuntimeError | MemoryError) -> ServiceError | None:
    """None if the error is not the device's."""
    message = str(error)
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)) or _tells(message, _MEMORY_WORDS):
        return EngineOverloaded()
    if isinstance(error, torch.AcceleratorError) or _tells(message, _DEVICE_WORDS):
        return EngineBroken()
    return None


def _tells(message: str, words: tuple[str, ...]) -> bool:
    return any(word in message for word in words)
