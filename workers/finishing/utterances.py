"""Whose turn it was: segments gathered into each party's runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from workers.finishing.metrics.thresholds import THRESHOLDS
from workers.finishing.segments import Segment

LONGEST_PAUSE_MS: Final = THRESHOLDS.turn_pause_ms
"""A party that is silent for longer begins a new utterance, though nobody else spoke."""


def utterances_of(segments: Sequence[Segment]) -> list[list[int]]:
    """Places of the segments that make one utterance each; `segments` are in start order.

    A run ends where another party begins, so a backchannel ("mhm") within a long answer splits
    it only where the answer's next segment begins after it: no text is moved in time.
    """
    runs: list[list[int]] = []
    for place, segment in enumerate(segments):
        if place and _goes_on(segments[place - 1], segment):
            runs[-1].append(place)
        else:
            runs.append([place])
    return runs


def _goes_on(before: Segment, after: Segment) -> bool:
    pause = after.start_ms - before.end_ms
    return before.channel == after.channel and pause < LONGEST_PAUSE_MS
