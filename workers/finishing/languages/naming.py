"""The language of a segment and of a call, and who says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from models.transcript_content import LanguageSource
from workers.finishing.joining import join_texts
from workers.finishing.languages.identifying import DIGITS, identify
from workers.finishing.segments import Segment


@dataclass(frozen=True, slots=True)
class NamedLanguage:
    code: str | None = None
    source: LanguageSource | None = None
    confidence: float | None = None
    """0 to 1, where it is known."""


UNKNOWN: Final = NamedLanguage()


def languages_of(segments: Sequence[Segment], *, given: str | None) -> list[NamedLanguage]:
    """One for each segment: as the caller says, else as the engine heard, else as the text shows."""
    return [_language_of(segment, given) for segment in segments]


def language_of_call(
    segments: Sequence[Segment], languages: Sequence[NamedLanguage], *, given: str | None
) -> NamedLanguage:
    """The one with most speech; where each text is too short to tell, that of all of them together."""
    if given is not None:
        return NamedLanguage(given, "given")
    speech: Counter[NamedLanguage] = Counter()
    by_code: Counter[str] = Counter()
    for segment, language in zip(segments, languages, strict=True):
        if language.code is not None:
            speech[language] += segment.speech_ms
            by_code[language.code] += segment.speech_ms
    if not by_code:
        return _read(join_texts(segment.text for segment in segments))
    code = max(by_code, key=lambda each: (by_code[each], each))
    return _pooled(code, {language: ms for language, ms in speech.items() if language.code == code})


def _language_of(segment: Segment, given: str | None) -> NamedLanguage:
    if given is not None:
        return NamedLanguage(given, "given")
    if segment.language is not None:
        return NamedLanguage(segment.language, "engine")
    return _read(segment.text)


def _read(text: str) -> NamedLanguage:
    found = identify(text)
    return UNKNOWN if found is None else NamedLanguage(found.language, "text", found.probability)


def _pooled(code: str, speech: dict[NamedLanguage, int]) -> NamedLanguage:
    """What is said of one language by those who name it: the source of most speech, the mean confidence."""
    by_source: Counter[LanguageSource | None] = Counter()
    for language, ms in speech.items():
        by_source[language.source] += ms
    source = max(by_source, key=lambda each: (by_source[each], each or ""))
    sure = [(language.confidence, ms) for language, ms in speech.items() if language.confidence is not None]
    sure_ms = sum(ms for _, ms in sure)
    mean = round(sum(value * ms for value, ms in sure) / sure_ms, DIGITS) if sure_ms else None
    return NamedLanguage(code, source, mean)
