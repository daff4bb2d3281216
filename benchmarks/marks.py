"""What the project promises, held against what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Figures = Mapping[str, object]
"""What was measured, by name; the unit is the end of the name."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A bound on one figure; one of the two is given."""

    figure: str
    at_most: float | None = None
    at_least: float | None = None

    def is_met(self, figures: Figures) -> bool:
        """A figure that is no number meets nothing."""
        value = figures[self.figure]
        if not isinstance(value, int | float):
            return False
        above = self.at_most is not None and value > self.at_most
        below = self.at_least is not None and value < self.at_least
        return not above and not below

    def __str__(self) -> str:
        return f"≤ {self.at_most:g}" if self.at_most is not None else f"≥ {self.at_least:g}"
