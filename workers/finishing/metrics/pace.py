"""How fast somebody speaks: words, or characters where a script has no spaces between words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from models.scripts import is_unspaced

MS_PER_MINUTE: Final = 60_000

Unit = Literal["words", "characters"]


@dataclass(frozen=True, slots=True)
class Wording:
    """What was said, counted."""

    words: int
    """Of scripts with spaces; in a Chinese text an English word is one too."""
    characters: int
    """Han and kana; punctuation is not counted."""

    @property
    def count(self) -> int:
        return self.words + self.characters

    @property
    def unit(self) -> Unit:
        """What most of it is."""
        return "characters" if self.characters > self.words else "words"

    def per_minute(self, talk_ms: int) -> float | None:
        """Of talk, pauses left out: an articulation rate. None where nobody talks."""
        return round(self.count * MS_PER_MINUTE / talk_ms, 1) if talk_ms else None


def wording_of(texts: Iterable[str]) -> Wording:
    """A word is what stands between spaces, or beside Han and kana, and has a letter or digit."""
    units = [unit for text in texts for unit in units_of(text)]
    characters = sum(is_unspaced(unit[0]) for unit in units)
    return Wording(len(units) - characters, characters)


def units_of(text: str) -> list[str]:
    """Its words, and its characters of scripts without spaces, in their order; punctuation stays on words."""
    spread = "".join(f" {each} " if is_unspaced(each) else each for each in text)
    return [unit for unit in spread.split() if any(each.isalnum() for each in unit)]
