"""What must be known of scripts to join and to break lines of text."""

from __future__ import annotations

import unicodedata
from typing import Final

_WIDE: Final = frozenset({"W", "F"})
_BARE: Final = frozenset({"Mn", "Me", "Cf"})
"""Categories of marks that stand on another character."""


def is_unspaced(character: str) -> bool:
    """Han, kana and full-width forms. Korean is as wide but puts spaces between words."""
    wide = unicodedata.east_asian_width(character) in _WIDE
    return wide and "HANGUL" not in unicodedata.name(character, "")


def is_punctuation(character: str) -> bool:
    return unicodedata.category(character).startswith("P")


def columns_of(text: str) -> int:
    """How wide a text is where Latin letters are one column and Chinese ones two."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.category(character) in _BARE:
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1
