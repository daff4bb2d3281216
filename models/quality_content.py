"""The shape of a transcript's quality. docs/quality.md defines each flag and the trust."""

from __future__ import annotations

from enum import StrEnum

from typing_extensions import TypedDict


class FlagCode(StrEnum):
    """In the order in which flags of the same stretch are listed."""

    SPEECH_WITHOUT_TEXT = "speech_without_text"
    TEXT_OVER_SILENCE = "text_over_silence"
    REPETITION = "repetition"
    CUT_TEXT = "cut_text"
    LOW_CONFIDENCE = "low_confidence"
    BLEED = "bleed"
    CLIPPING = "clipping"


class QualityFlag(TypedDict):
    """A reason not to trust the text of a stretch of one channel."""

    code: str
    channel: int
    start_ms: int
    end_ms: int
    measures: dict[str, float]
    """What was measured, rounded; the unit is the end of each name, else it is a count or a share."""


class QualityContent(TypedDict):
    """How far the text can be trusted, from what preparation and engine left."""

    definitions: int
    """Which edition of docs/quality.md; grows when a definition, a threshold or a doubt changes."""
    trust: float | None
    """1 - doubted ÷ spoken, four digits; null where nothing was to be heard."""
    spoken_ms: int
    """Speech that was found, or the least time that the text of it takes."""
    doubted_ms: int
    """How much of that is doubted, each stretch by how much its flags say against it."""
    flags: list[QualityFlag]
    """In the order in which they begin."""
