"""The sample calls' true turns, and how texts are made comparable before they are compared."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import opencc
from transformers.models.whisper.english_normalizer import EnglishTextNormalizer

SAMPLES: Final = Path(__file__).resolve().parent.parent / "samples"
DIGITS: Final = str.maketrans("0123456789", "零一二三四五六七八九")

_english = EnglishTextNormalizer({})
_simplified = opencc.OpenCC("t2s")


@dataclass(frozen=True, slots=True)
class Turn:
    """What one party said, and when; seconds."""

    channel: int
    speaker: str
    start: float
    end: float
    text: str


def turns_of(call: str) -> list[Turn]:
    content = json.loads((SAMPLES / f"{call}.json").read_text(encoding="utf-8"))
    return [Turn(**turn) for turn in content["turns"]]


def english(text: str) -> str:
    """OpenAI's normaliser for Whisper: lower case, no punctuation, numbers as digits (paper, appendix C)."""
    normalised: str = _english(text)
    return normalised


def mandarin(text: str) -> str:
    """Simplified characters without punctuation and space; digits one by one as characters."""
    simplified: str = _simplified.convert(unicodedata.normalize("NFKC", text))
    return "".join(each for each in simplified.translate(DIGITS) if each.isalnum())
