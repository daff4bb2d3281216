"""Hands a finished job's rows to the metrics, which know nothing of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from models.channel import Channel
from models.chunk import Chunk
from models.hypothesis import Hypothesis
from models.metrics_content import MetricsContent
from workers.finishing.metrics.call import Call, Voice
from workers.finishing.metrics.measuring import measure
from workers.finishing.metrics.spans import Span


def metrics_of(
    duration_ms: int,
    channels: Sequence[Channel],
    heard: Sequence[tuple[Chunk, Hypothesis]],
    roles: Mapping[int, str | None],
) -> MetricsContent:
    """Of all speech that was found, also where the engine made no text of it."""
    voices = [
        Voice(
            channel=channel.index,
            role=roles[channel.index],
            speech=[
                span for chunk, _ in heard if chunk.channel == channel.index for span in _speech_in(chunk)
            ],
            texts=[hypothesis.text for chunk, hypothesis in heard if chunk.channel == channel.index],
        )
        for channel in channels
    ]
    return measure(Call(duration_ms, voices))


def _speech_in(chunk: Chunk) -> list[Span]:
    """The whole chunk if voice activity named no speech in it, as its segment is timed."""
    if not chunk.speech_ms:
        return [Span(chunk.start_ms, chunk.end_ms)]
    edges = iter(chunk.speech_ms)
    return [Span(start_ms, end_ms) for start_ms, end_ms in zip(edges, edges, strict=True)]
