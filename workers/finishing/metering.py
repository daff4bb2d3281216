"""Hands a finished job's rows to the metrics, which know nothing of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from models.channel import Channel
from models.chunk import Chunk
from models.hypothesis import Hypothesis
from models.metrics_content import MetricsContent
from workers.finishing.metrics.call import Call, Voice
from workers.finishing.metrics.measuring import measure
from workers.finishing.metrics.spans import Span, unpadded

PAD_MS: Final = 30
"""What voice activity adds on either side of speech, so that engines hear its soft edges.

It is nobody's talk: with it two parties seem to overlap by 60 ms where one follows the other.
"""


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
            speech=speech_of(
                [chunk for chunk, _ in heard if chunk.channel == channel.index],
                duration_ms=channel.duration_ms,
            ),
            texts=[hypothesis.text for chunk, hypothesis in heard if chunk.channel == channel.index],
            level_dbfs=channel.level_dbfs,
        )
        for channel in channels
    ]
    return measure(Call(duration_ms, voices))


def speech_of(chunks: Sequence[Chunk], *, duration_ms: int) -> list[Span]:
    """When somebody speaks on a channel.

    A chunk in which voice activity named no speech counts whole, as its segment is timed.
    """
    padded = [span for chunk in chunks for span in _spans_in(chunk)]
    whole = [Span(chunk.start_ms, chunk.end_ms) for chunk in chunks if not chunk.speech_ms]
    return [*unpadded(padded, pad_ms=PAD_MS, duration_ms=duration_ms), *whole]


def _spans_in(chunk: Chunk) -> Iterator[Span]:
    edges = iter(chunk.speech_ms)
    for start_ms, end_ms in zip(edges, edges, strict=True):
        yield Span(start_ms, end_ms)
