"""How loud a party speaks."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10
from typing import Final

LEVEL_DIGITS: Final = 1
"""Tenths of a decibel are finer than ears."""


def pooled_level(levels: Sequence[tuple[int, float | None]]) -> float | None:
    """dBFS: the mean power of channels of so many ms of talk and such levels; None where none has one."""
    known = [(talk_ms, level) for talk_ms, level in levels if level is not None and talk_ms]
    if not known:
        return None
    power = sum(talk_ms * 10 ** (level / 10) for talk_ms, level in known)
    return round(10 * log10(power / sum(talk_ms for talk_ms, _ in known)), LEVEL_DIGITS)
