"""Models that fall into a loop: noticed while they write, and cut off afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch

LONGEST_PHRASE: Final = 8
"""Tokens of the longest repeated phrase that is looked for."""
FEWEST_REPEATS: Final = 4
FEWEST_TOKENS: Final = 24
"""A caller may well say a digit ten times; nobody says the same phrase for 24 tokens."""


def looping(written: torch.Tensor) -> torch.Tensor:
    """Which rows of (rows, tokens) end in one short phrase over and over; shape (rows,)."""
    found = torch.zeros(written.shape[0], dtype=torch.bool, device=written.device)
    for size in range(1, LONGEST_PHRASE + 1):
        span = size * repeats_of(size)
        if written.shape[1] < span:
            continue
        tail = written[:, -span:]
        found |= (tail[:, size:] == tail[:, :-size]).all(dim=1)
    return found


def repeats_of(size: int) -> int:
    """How often a phrase of so many tokens must come in a row to be a loop."""
    return max(FEWEST_REPEATS, -(-FEWEST_TOKENS // size))


def length_before_loop(tokens: Sequence[int]) -> int:
    """How many tokens are left when only the first round of the loop at the end is kept."""
    for size in range(1, LONGEST_PHRASE + 1):
        length = len(tokens)
        while (
            length >= 2 * size and tokens[length - size : length] == tokens[length - 2 * size : length - size]
        ):
            length -= size
        if len(tokens) - length >= size * (repeats_of(size) - 1):
            return length
    return len(tokens)
