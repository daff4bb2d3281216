"""What decoding a chunk ends with, whatever the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from workers.engines import loops
from workers.engines.base import FinishReason


class NonFinite(ArithmeticError):
    """The model's scores left the range of its precision."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the model wrote for one row: end-of-sequence and all but the first round of a loop left out."""

    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    finish_reason: FinishReason

    @classmethod
    def of(cls, tokens: Sequence[int], logprobs: Sequence[float], reason: FinishReason) -> Self:
        """Out of all that was written, whatever ended it. Raises `NonFinite`."""
        if not all(value <= 0.0 for value in logprobs):  # NaN is not
            raise NonFinite
        length = len(tokens)
        if reason is FinishReason.EOS:
            length -= 1
        elif reason is FinishReason.LOOP:
            length = loops.length_before_loop(tokens)
        return cls(tuple(tokens[:length]), tuple(logprobs[:length]), reason)
