"""Breaks a text into lines as its scripts allow: at spaces, and between Chinese or Japanese characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Final

from models.scripts import columns_of, is_unspaced

_NEVER_LAST: Final = frozenset({"Ps", "Pi"})
"""Opening brackets and quotation marks."""
_NEVER_FIRST: Final = frozenset({"Pe", "Pf", "Po", "Lm", "Mn", "Me", "Cf"})
"""What closes or belongs to the character before it."""


def break_lines(text: str, *, columns: int) -> list[str]:
    """Lines of at most so many columns; only what nothing else can break is broken anywhere."""
    lines: list[str] = []
    line = ""
    for space, piece in _pieces(text, columns=columns):
        longer = f"{line}{space if line else ''}{piece}"
        if columns_of(longer) <= columns:
            line = longer
        else:
            lines.append(line)
            line = piece
    return [each for each in [*lines, line] if each]


def _pieces(text: str, *, columns: int) -> Iterator[tuple[str, str]]:
    """What stays together, each with the space that precedes it on the same line."""
    for word in text.split():
        space = " "
        for piece in _split(word, columns=columns):
            yield space, piece
            space = ""


def _split(word: str, *, columns: int) -> Iterator[str]:
    piece = word[0]
    for character in word[1:]:
        if _may_break(piece[-1], character) or columns_of(piece + character) > columns:
            yield piece
            piece = ""
        piece += character
    yield piece


def _may_break(before: str, after: str) -> bool:
    if unicodedata.category(before) in _NEVER_LAST or unicodedata.category(after) in _NEVER_FIRST:
        return False
    return is_unspaced(before) or is_unspaced(after)
