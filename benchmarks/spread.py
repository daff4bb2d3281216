"""How measured values are spread: never a mean alone."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def percentile(values: Sequence[float], percent: int) -> float:
    """The value below which this share of the values lies, between neighbours in proportion."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def spread(name: str, values: Sequence[float], *, digits: int = 2) -> dict[str, float]:
    """`name_p50`, `name_p95` and `name_max`."""
    return {
        f"{name}_p50": round(percentile(values, 50), digits),
        f"{name}_p95": round(percentile(values, 95), digits),
        f"{name}_max": round(max(values), digits),
    }
