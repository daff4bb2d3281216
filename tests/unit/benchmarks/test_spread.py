"""Percentiles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.spread import percentile, spread

VALUES = st.lists(st.floats(min_value=0, max_value=1e6), min_size=1, max_size=50)


class TestPercentile:
    def test_is_the_middle_of_an_odd_number(self) -> None:
        assert percentile([9.0, 1.0, 5.0], 50) == 5.0

    def test_lies_between_neighbours_in_proportion(self) -> None:
        assert percentile([0.0, 10.0], 95) == pytest.approx(9.5)

    def test_one_value_is_all_of_them(self) -> None:
        assert percentile([3.0], 95) == 3.0

    @given(VALUES)
    def test_a_spread_is_in_order(self, values: list[float]) -> None:
        p50, p95, most = spread("ms", values, digits=6).values()

        assert p50 <= p95 <= most + 1e-6
