"""What decoding a chunk ends with, whatever the model."""

from __future__ import annotations

from dataclasses import dataclass

from workers.engines.base import FinishReason


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the model wrote for one row: end-of-sequence and all but the first round of a loop left out."""

    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    finish_reason: FinishReason


class NonFinite(ArithmeticError):
    """The model's scores left the range of its precision."""
