"""Copies between host and device that nobody waits for before they are needed."""

from __future__ import annotations

import torch


def to_device(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """The host goes on at once; work queued later on the same stream sees the copy."""
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


class OnItsWay:
    """A tensor of the device, copied to the host in the order of the stream."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self._event: torch.cuda.Event | None = None
        if tensor.device.type != "cuda":
            self._copy = tensor.clone()
            return
        self._copy = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
        self._copy.copy_(tensor, non_blocking=True)
        self._event = torch.cuda.Event()
        self._event.record(torch.cuda.current_stream(tensor.device))

    def arrived(self) -> torch.Tensor:
        """Blocks until the device has come this far."""
        if self._event is not None:
            self._event.synchronize()
        return self._copy
