"""How far one recording's preparation has come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

OnProgress = Callable[[float], None]
"""Told a share of the whole, 0 to 1."""


def no_progress(share: float) -> None:
    """For callers that do not ask."""


@dataclass(frozen=True, slots=True)
class Progress:
    """One part of a longer piece of work."""

    on_progress: OnProgress
    start: float = 0.0
    end: float = 1.0

    def part(self, start: float, end: float) -> Progress:
        """The part between two shares of this one."""
        width = self.end - self.start
        return Progress(self.on_progress, self.start + start * width, self.start + end * width)

    def report(self, share: float) -> None:
        """`share` is this part's own; what lies beyond its end counts as the end."""
        self.on_progress(self.start + min(max(share, 0.0), 1.0) * (self.end - self.start))
