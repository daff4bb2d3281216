from __future__ import annotations

from math import inf

import pytest

from workers.engine_process.pace import HALF_LIFE_S, Pace


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def filled(clock: Clock, *, slots: int, chunks: int = 4, seconds: float = 10.0) -> Pace:
    pace = Pace(slots=slots, clock=clock)
    for key in range(chunks):
        pace.add(key, seconds)
    return pace


class TestUntilRoom:
    def test_an_empty_engine_has_room_now(self, clock: Clock) -> None:
        assert Pace(slots=0, clock=clock).until_room() == 0.0

    def test_is_anybodys_guess_before_anything_was_heard(self, clock: Clock) -> None:
        assert filled(clock, slots=0).until_room() == inf

    def test_a_free_slot_is_room_whatever_the_pace(self, clock: Clock) -> None:
        assert filled(clock, slots=4).until_room() == 0.0

    def test_follows_from_what_is_left_and_how_fast_it_went(self, clock: Clock) -> None:
        pace = filled(clock, slots=0)

        clock.now += 2.0
        pace.end([0])

        assert pace.until_room() == pytest.approx(6.0)

    def test_counts_only_what_waits_for_a_slot(self, clock: Clock) -> None:
        pace = filled(clock, slots=2)

        clock.now += 2.0
        pace.end([0])

        assert pace.until_room() == pytest.approx(2.0)

    def test_shrinks_with_time_while_nothing_ends(self, clock: Clock) -> None:
        pace = filled(clock, slots=0)
        clock.now += 2.0
        pace.end([0])

        clock.now += 5.0

        assert pace.until_room() == pytest.approx(1.0)

    def test_idle_time_says_nothing_about_the_pace(self, clock: Clock) -> None:
        pace = filled(clock, slots=0, chunks=1)
        clock.now += 1.0
        pace.end([0])

        clock.now += 1000.0
        pace.add(1, 10.0)

        assert pace.until_room() == pytest.approx(1.0)

    def test_what_is_dropped_is_neither_left_nor_heard(self, clock: Clock) -> None:
        pace = filled(clock, slots=0)
        clock.now += 2.0
        pace.end([0])

        pace.drop([1, 2])

        assert pace.until_room() == pytest.approx(2.0)

    def test_what_was_long_ago_counts_less(self, clock: Clock) -> None:
        pace = filled(clock, slots=0, chunks=3)
        clock.now += 1.0
        pace.end([0])

        clock.now += HALF_LIFE_S
        pace.end([1])

        assert pace.until_room() == pytest.approx(10.0 * (0.5 + HALF_LIFE_S) / 15.0)
