"""The durations that decide what counts as what. A transcript tells which were in effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Milliseconds."""

    dead_air_ms: int = 10_000
    """A silence at least so long is dead air.

    "The common limit is 10 seconds" (Observe.AI's engineering blog on conversational silence,
    2021). What follows a notice ("one moment, please") is dead air here too: voice activity does
    not understand it.
    """
    turn_pause_ms: int = 2_000
    """A party that is silent so long begins a new turn, though nobody else spoke. Our choice."""
    stretch_pause_ms: int = 500
    """A party that is silent for less is still talking: it breathes or looks for a word.

    Our choice: longer than the gap in which turns usually change, of the order of 200 ms
    (Levinson and Torreira 2015, doi:10.3389/fpsyg.2015.00731), and too short for an answer of one
    word with a gap on either side.
    """
    backchannel_ms: int = 1_000
    """What is said inside another's stretch and is no longer is a backchannel.

    The longest one in the events of Voice Activity Projection (Ekstedt and Skantze 2022,
    arXiv:2205.09812).
    """
    interruption_ms: int = 500
    """Two must talk at once so long before the later one has cut in.

    Our choice: overlaps where turns change are a few hundred ms (Levinson and Torreira 2015).
    """
    together_ms: int = 200
    """Who begins less after another has begun with it: nobody reacts faster than turns change."""


THRESHOLDS: Final = Thresholds()

DEFINITIONS: Final = 1
"""Grows by one whenever a definition or a threshold changes, so that old figures can be told apart."""
