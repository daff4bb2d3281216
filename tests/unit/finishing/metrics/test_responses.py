from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.finishing.metrics.conversations import Edges, calls, exchange
from workers.finishing.metrics.call import Call
from workers.finishing.metrics.exchange import exchange_of
from workers.finishing.metrics.responses import nearest_rank
from workers.finishing.metrics.spans import union_of
from workers.finishing.metrics.thresholds import THRESHOLDS


def delays(*speech: Edges) -> list[tuple[int, int]]:
    return [(response.channel, response.delay_ms) for response in exchange(*speech).responses]


class TestResponses:
    def test_are_timed_from_the_end_of_the_other(self) -> None:
        assert delays([(0, 1_000), (9_000, 9_900)], [(1_400, 3_000)]) == [(1, 400), (0, 6_000)]

    def test_are_negative_where_the_other_had_not_ended(self) -> None:
        assert delays([(0, 1_000)], [(750, 3_000)]) == [(1, -250)]

    def test_are_none_after_a_partys_own_pause(self) -> None:
        assert delays([(0, 1_000), (9_000, 9_900)]) == []

    def test_who_cuts_in_gives_none_but_is_answered(self) -> None:
        assert delays([(0, 5_000), (9_300, 10_000)], [(4_000, 9_000)]) == [(0, 300)]

    def test_a_backchannel_is_none_and_is_not_answered(self) -> None:
        assert delays([(0, 9_000), (9_600, 12_000)], [(4_000, 4_400), (12_300, 13_000)]) == [(1, 300)]

    @given(calls())
    def test_there_is_one_for_each_change_of_turn_that_is_no_interruption(self, call: Call) -> None:
        talk = {voice.channel: union_of(voice.speech, duration_ms=call.duration_ms) for voice in call.voices}

        found = exchange_of(talk, THRESHOLDS)

        changes = {
            (after.channel, after.span.start_ms)
            for before, after in pairwise(found.turns)
            if before.channel != after.channel
        }
        cut_in = {(each.by, each.span.start_ms) for each in found.interruptions}
        assert len(found.responses) == len(changes - cut_in)


class TestNearestRank:
    @pytest.mark.parametrize(
        ("values", "percent", "rank"),
        [
            ([15, 20, 35, 40, 50], 30, 20),
            ([15, 20, 35, 40, 50], 50, 35),
            ([15, 20, 35, 40, 50], 100, 50),
            ([4, 1, 3, 2], 50, 2),
            ([7], 95, 7),
        ],
    )
    def test_is_the_value_that_so_many_do_not_exceed(
        self, values: list[int], percent: int, rank: int
    ) -> None:
        assert nearest_rank(values, percent) == rank

    def test_of_nothing_is_not_known(self) -> None:
        assert nearest_rank([], 50) is None

    @given(st.lists(st.integers(-9_999, 9_999), min_size=1), st.integers(1, 100))
    def test_is_the_smallest_such_value(self, values: list[int], percent: int) -> None:
        rank = nearest_rank(values, percent)

        assert rank in values
        assert 100 * sum(value <= rank for value in values) >= percent * len(values)
        assert 100 * sum(value < rank for value in values) < percent * len(values)
