"""In which language a text is written, by its letters and its small words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from core.catalog import CATALOG
from workers.finishing.languages.chinese import variety_of
from workers.finishing.metrics.pace import wording_of

FEWEST_WORDS: Final = 4
"""Of fewer nothing is said: "OK, bye bye" is as good in ten languages."""
FEWEST_CHARACTERS: Final = 8
"""The same in Han and kana. Of 4 to 7 twice as many are told wrong (docs/languages.md)."""
LEAST_PROBABILITY: Final = 0.9
"""Below it a text is left without a language. Of sentences above it, none was wrong where we measured."""
DIGITS: Final = 4

CHINESE: Final = ("zh", "yue")


@dataclass(frozen=True, slots=True)
class Identified:
    language: str
    probability: float | None
    """None of Mandarin and Cantonese: how sure the choice between them is, is not known."""


def identify(text: str) -> Identified | None:
    """None where the text is too short, or may be of several languages."""
    wording = wording_of([text])
    fewest = FEWEST_CHARACTERS if wording.unit == "characters" else FEWEST_WORDS
    if wording.count < fewest:
        return None
    probabilities = {code: float(probability) for code, probability in _identifier().rank(text)}
    if sum(probabilities[code] for code in CHINESE) >= LEAST_PROBABILITY:
        variety = variety_of(text)
        return None if variety is None else Identified(variety, None)
    likeliest = max(probabilities, key=lambda code: probabilities[code])
    if likeliest in CHINESE or probabilities[likeliest] < LEAST_PROBABILITY:
        return None
    return Identified(likeliest, round(probabilities[likeliest], DIGITS))


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    """Loaded once per process. It chooses among the languages that any model here knows."""
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    spoken = {code for model in CATALOG.values() for code in model.languages}
    identifier.set_languages(sorted(spoken & set(identifier.labels)))
    return identifier
