"""How long a text takes to say, at the fastest and at the slowest."""

from __future__ import annotations

from models.scripts import is_unspaced
from workers.finishing.metrics.pace import units_of, wording_of
from workers.finishing.quality.thresholds import Thresholds


def quickest_ms(text: str, thresholds: Thresholds) -> int:
    """Nobody says it in less. A number is one word: `2000` is quickly said."""
    wording = wording_of([text])
    return wording.words * thresholds.fastest_word_ms + wording.characters * thresholds.fastest_character_ms


def slowest_ms(text: str, thresholds: Thresholds) -> int:
    """Nobody speaks longer over it. Each digit of a number may be said alone."""
    return sum(_slowest_unit_ms(unit, thresholds) for unit in units_of(text))


def _slowest_unit_ms(unit: str, thresholds: Thresholds) -> int:
    if is_unspaced(unit[0]):
        return thresholds.slowest_character_ms
    digits = sum(each.isdigit() for each in unit)
    letters = sum(each.isalpha() for each in unit)
    words = -(-letters // thresholds.letters_in_word)
    return digits * thresholds.slowest_character_ms + words * thresholds.slowest_word_ms
