"""Looking at some of a long call: evenly, so that cost does not grow with it and no part is left out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workers.preparation.channel_file import ChannelFile, Mono

Places = npt.NDArray[np.int64]
"""Numbers of windows or blocks, rising."""


def evenly(places: Places, most: int) -> Places:
    """At most so many of them, from beginning to end."""
    if len(places) <= most:
        return places
    return places[np.linspace(0, len(places) - 1, most).round().astype(np.int64)]


def read_rows(file: ChannelFile, places: Places, *, samples: int) -> Mono:
    """The channel laid out in rows of so many samples, and some of them; shape (places, samples)."""
    if not len(places):
        return np.zeros((0, samples), np.int16)
    mapped = np.memmap(file.path, np.int16, "r", shape=(file.samples // samples, samples))
    return np.asarray(mapped[places])
