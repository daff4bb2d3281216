"""Hands a finished job's rows to the judgement of their quality, which knows nothing of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from models.channel import Channel
from models.channel_finding import FindingCode, Severity
from models.chunk import Chunk
from models.hypothesis import Hypothesis
from models.quality_content import FlagCode, QualityContent
from workers.engines.base import FinishReason
from workers.finishing.joining import tidy
from workers.finishing.metering import speech_of
from workers.finishing.metrics.spans import Span, total_ms
from workers.finishing.quality.heard import Ending, Fault, HeardCall, HeardChunk
from workers.finishing.quality.judging import judge
from workers.finishing.segments import probability_of, span_of

FAULTS: Final = {FindingCode.BLEED: FlagCode.BLEED, FindingCode.CLIPPING: FlagCode.CLIPPING}
"""The findings that put words into a text or take them out of it.

A dead channel has no text, what is faint was raised, and two channels that are alike are heard once.
"""
ENDINGS: Final = {
    FinishReason.EOS: Ending.BY_ITSELF,
    FinishReason.LENGTH: Ending.AT_CAP,
    FinishReason.LOOP: Ending.IN_LOOP,
}


def quality_of(channels: Sequence[Channel], heard: Sequence[tuple[Chunk, Hypothesis]]) -> QualityContent:
    """Of all chunks that were heard, also those without text."""
    durations_ms = {channel.index: channel.duration_ms for channel in channels}
    ordered = sorted(heard, key=lambda pair: (pair[0].channel, pair[0].start_ms))
    chunks = [_chunk(chunk, hypothesis, durations_ms[chunk.channel]) for chunk, hypothesis in ordered]
    return judge(HeardCall(chunks, [fault for channel in channels for fault in _faults(channel)]))


def _chunk(chunk: Chunk, hypothesis: Hypothesis, duration_ms: int) -> HeardChunk:
    return HeardChunk(
        channel=chunk.channel,
        span=Span(*span_of(chunk)),
        speech_ms=total_ms(speech_of([chunk], duration_ms=duration_ms)),
        text=tidy(hypothesis.text),
        confidence=probability_of(hypothesis.token_logprobs),
        tokens=len(hypothesis.token_logprobs),
        ending=ENDINGS[FinishReason(hypothesis.finish_reason)],
    )


def _faults(channel: Channel) -> Iterator[Fault]:
    """Those of which a reader is warned."""
    for finding in channel.findings or ():
        code = FAULTS.get(FindingCode(finding["code"]))
        if code is not None and finding["severity"] == Severity.WARNING:
            yield Fault(code, channel.index, Span(0, channel.duration_ms), finding["measures"])
