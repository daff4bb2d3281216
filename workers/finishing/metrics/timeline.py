"""The recording cut wherever anybody begins or ends to speak."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from workers.finishing.metrics.spans import Span, Talk

NOBODY: Final[frozenset[int]] = frozenset()


@dataclass(frozen=True, slots=True)
class Piece:
    """A time throughout which the same channels speak."""

    span: Span
    speaking: frozenset[int]


def timeline_of(talk: Talk, *, duration_ms: int) -> list[Piece]:
    """Pieces in order that fill the recording; neighbours differ in who speaks."""
    changes: defaultdict[int, frozenset[int]] = defaultdict(frozenset)
    for channel, spans in talk.items():
        for span in spans:
            changes[span.start_ms] ^= {channel}
            changes[span.end_ms] ^= {channel}
    pieces = []
    speaking = NOBODY
    for start_ms, end_ms in pairwise(sorted({0, duration_ms, *changes})):
        speaking ^= changes.get(start_ms, NOBODY)
        pieces.append(Piece(Span(start_ms, end_ms), speaking))
    return pieces


def silences(pieces: Sequence[Piece]) -> list[Span]:
    """When nobody speaks."""
    return [piece.span for piece in pieces if not piece.speaking]


def overlaps(pieces: Sequence[Piece]) -> list[Piece]:
    """When two or more speak at once; with three a new one begins when one of them comes or goes."""
    return [piece for piece in pieces if len(piece.speaking) > 1]
