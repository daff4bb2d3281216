"""Calls as the judgement takes them, written short, and drawn at random."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from models.quality_content import FlagCode
from tests.unit.finishing.calls import WORDS
from workers.finishing.metrics.spans import Span
from workers.finishing.quality.flag import Flag
from workers.finishing.quality.heard import Ending, Fault, HeardCall, HeardChunk
from workers.finishing.quality.judging import flags_of
from workers.finishing.quality.thresholds import THRESHOLDS

FAULTS: Final = (FlagCode.BLEED, FlagCode.CLIPPING)


def chunk(
    text: str = "",
    *,
    speech_ms: int = 1_000,
    start_ms: int = 0,
    channel: int = 0,
    confidence: float | None = 0.95,
    tokens: int = 12,
    ending: Ending = Ending.BY_ITSELF,
) -> HeardChunk:
    span = Span(start_ms, start_ms + speech_ms)
    return HeardChunk(channel, span, speech_ms, text, confidence, tokens, ending)


def flags(*chunks: HeardChunk) -> list[Flag]:
    return flags_of(HeardCall(chunks), THRESHOLDS)


def codes(*chunks: HeardChunk) -> list[FlagCode]:
    return [flag.code for flag in flags(*chunks)]


CHUNKS: Final = st.builds(
    chunk,
    st.one_of(WORDS, st.builds("{0} {0} {0} ".format, st.text("ab 你好", max_size=30))),
    speech_ms=st.integers(0, 30_000),
    start_ms=st.integers(0, 600_000),
    channel=st.integers(0, 2),
    confidence=st.none() | st.floats(0, 1),
    tokens=st.integers(0, 300),
    ending=st.sampled_from(Ending),
)


@st.composite
def heard_calls(draw: st.DrawFn) -> HeardCall:
    chunks = draw(st.lists(CHUNKS, max_size=6))
    faults = draw(
        st.lists(
            st.builds(Fault, st.sampled_from(FAULTS), st.integers(0, 2), st.just(Span(0, 600_000))),
            max_size=2,
        )
    )
    return HeardCall(sorted(chunks, key=lambda each: (each.channel, each.span)), faults)
