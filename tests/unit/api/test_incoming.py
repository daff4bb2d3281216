"""When a sender is too slow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.incoming import Pace
from core.errors import MalformedBody

WAITS = st.floats(0.0, 5.0)


class TestPace:
    def test_gives_a_drip_up_at_the_end_of_a_stretch(self) -> None:
        pace = Pace(slowest=100, stretch=10)
        for _ in range(9):
            pace.note(1, waited=1.0)

        with pytest.raises(MalformedBody):
            pace.note(1, waited=1.0)

    @given(st.lists(WAITS, max_size=50))
    def test_never_gives_up_who_keeps_up(self, waits: list[float]) -> None:
        pace = Pace(slowest=100, stretch=10)

        for waited in waits:
            pace.note(round(waited * 100) + 1, waited=waited)

    @given(st.integers(1, 1_000_000))
    def test_forgets_what_came_in_earlier_stretches(self, head_start: int) -> None:
        pace = Pace(slowest=100, stretch=10)
        pace.note(head_start + 1_000, waited=10.0)

        with pytest.raises(MalformedBody):
            pace.note(1, waited=10.0)

    def test_does_not_count_the_time_in_which_nobody_was_waited_for(self) -> None:
        pace = Pace(slowest=100, stretch=10)

        for _ in range(10_000):
            pace.note(1, waited=0.0)
