"""What the decoder keeps between two tokens, in memory that is taken once and used for every pass."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import torch


@dataclass(frozen=True, slots=True)
class Memory:
    """Keys and values of one pass; shape (layers, 2, rows, heads, positions, head size) each.

    Rows that are still written stand first, so that what is read of them lies together.
    """

    audio: torch.Tensor
    text: torch.Tensor
    frames: torch.Tensor | None
    """True where a row's audio is, shape (rows, 1, 1, positions); None if all are as long as the longest."""

    def move(self, source: int, target: int) -> None:
        """Overwrite one row with another."""
        for kept in (self.audio, self.text):
            kept[:, :, target] = kept[:, :, source]
        if self.frames is not None:
            self.frames[target] = self.frames[source]


class Store:
    """One stretch of device memory, grown to the largest pass so far.

    Taking it from the system anew in every pass costs a page fault for each 4 KiB.
    """

    def __init__(self, device: torch.device, dtype: torch.dtype) -> None:
        self._space = torch.empty(0, device=device, dtype=dtype)

    def take(self, *shape: int) -> torch.Tensor:
        """A tensor with whatever the last pass left in it."""
        size = prod(shape)
        if size > self._space.numel():
            # The old one goes first: both together may not fit.
            self._space = self._space.new_empty(0)
            self._space = self._space.new_empty(size)
        return self._space[:size].view(shape)
