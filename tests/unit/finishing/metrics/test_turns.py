from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.finishing.metrics.conversations import Edges, calls, exchange
from workers.finishing.metrics.call import Call
from workers.finishing.metrics.exchange import exchange_of
from workers.finishing.metrics.spans import Talk, union_of
from workers.finishing.metrics.stretches import encounters_of, stretches_of
from workers.finishing.metrics.thresholds import THRESHOLDS


def turns(*speech: Edges) -> list[tuple[int, int, int]]:
    return [(turn.channel, turn.span.start_ms, turn.span.end_ms) for turn in exchange(*speech).turns]


def talk_of(call: Call) -> Talk:
    return {voice.channel: union_of(voice.speech, duration_ms=call.duration_ms) for voice in call.voices}


class TestTurns:
    def test_go_on_until_another_party_begins(self) -> None:
        assert turns([(0, 1_000), (2_000, 3_000), (6_000, 7_000)], [(4_000, 5_000)]) == [
            (0, 0, 3_000),
            (1, 4_000, 5_000),
            (0, 6_000, 7_000),
        ]

    @pytest.mark.parametrize(("pause_ms", "count"), [(1_999, 1), (2_000, 2)])
    def test_end_at_a_long_pause_though_nobody_else_speaks(self, pause_ms: int, count: int) -> None:
        assert len(turns([(0, 1_000), (1_000 + pause_ms, 9_000)])) == count

    def test_may_overlap_where_they_change(self) -> None:
        assert turns([(0, 5_000)], [(4_000, 9_000)]) == [(0, 0, 5_000), (1, 4_000, 9_000)]

    def test_are_not_taken_by_what_lies_inside_another(self) -> None:
        """Neither a backchannel nor a long try, both over before the other is."""
        assert turns([(0, 20_000)], [(4_000, 4_500), (8_000, 12_000)]) == [(0, 0, 20_000)]

    def test_of_two_that_begin_and_end_together_belong_to_the_first(self) -> None:
        assert turns([(0, 5_000)], [(0, 5_000)]) == [(0, 0, 5_000)]

    def test_of_two_that_begin_together_belong_to_who_talks_longer(self) -> None:
        assert turns([(0, 4_000)], [(0, 5_000)]) == [(1, 0, 5_000)]

    def test_silence_has_none(self) -> None:
        assert turns([], []) == []

    @given(calls())
    def test_begin_and_end_one_after_the_other(self, call: Call) -> None:
        for before, after in pairwise(exchange_of(talk_of(call), THRESHOLDS).turns):
            assert before.span.start_ms < after.span.start_ms
            assert before.span.end_ms < after.span.end_ms

    @given(calls())
    def test_hold_every_stretch_that_is_not_inside_another(self, call: Call) -> None:
        stretches = stretches_of(talk_of(call), pause_ms=THRESHOLDS.stretch_pause_ms)
        inside = {each.later for each in encounters_of(stretches) if each.is_inside}

        found = exchange_of(talk_of(call), THRESHOLDS).turns

        for stretch in stretches:
            holding = [
                turn
                for turn in found
                if turn.channel == stretch.channel
                and turn.span.start_ms <= stretch.start_ms
                and stretch.end_ms <= turn.span.end_ms
            ]
            assert stretch in inside or len(holding) == 1

    @given(calls(), st.integers(500, 5_000), st.integers(0, 5_000))
    def test_a_longer_pause_makes_no_more_of_them(self, call: Call, pause_ms: int, more_ms: int) -> None:
        short = exchange_of(talk_of(call), replace(THRESHOLDS, turn_pause_ms=pause_ms))
        long = exchange_of(talk_of(call), replace(THRESHOLDS, turn_pause_ms=pause_ms + more_ms))

        assert len(long.turns) <= len(short.turns)
        assert long.responses == short.responses
