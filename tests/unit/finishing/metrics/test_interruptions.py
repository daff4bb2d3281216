from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.finishing.metrics.conversations import calls, exchange
from workers.finishing.metrics.call import Call
from workers.finishing.metrics.exchange import exchange_of
from workers.finishing.metrics.interruptions import Interruption
from workers.finishing.metrics.spans import Span, union_of
from workers.finishing.metrics.thresholds import THRESHOLDS
from workers.finishing.metrics.timeline import timeline_of


class TestInterruption:
    def test_takes_the_turn_if_the_other_stops_first(self) -> None:
        found = exchange([(0, 5_000)], [(4_000, 9_000)]).interruptions

        assert found == [Interruption(by=1, on=0, span=Span(4_000, 5_000), overlap_ms=1_000, took_turn=True)]

    def test_does_not_take_the_turn_if_the_other_talks_on(self) -> None:
        found = exchange([(0, 9_000)], [(4_000, 5_500)]).interruptions

        assert found == [Interruption(by=1, on=0, span=Span(4_000, 5_500), overlap_ms=1_500, took_turn=False)]

    @pytest.mark.parametrize(("overlap_ms", "count"), [(499, 0), (500, 1)])
    def test_is_none_where_both_only_brush(self, overlap_ms: int, count: int) -> None:
        assert len(exchange([(0, 5_000)], [(5_000 - overlap_ms, 9_000)]).interruptions) == count

    @pytest.mark.parametrize(("late_ms", "count"), [(0, 0), (199, 0), (200, 1)])
    def test_is_none_where_both_begin_together(self, late_ms: int, count: int) -> None:
        assert len(exchange([(0, 5_000)], [(late_ms, 9_000)]).interruptions) == count

    def test_counts_only_the_time_that_both_really_speak(self) -> None:
        pausing = [(0, 4_000), (4_400, 5_000)]

        (found,) = exchange(pausing, [(3_800, 9_000)]).interruptions

        assert (found.span, found.overlap_ms) == (Span(3_800, 5_000), 800)

    def test_is_none_in_a_pause_that_the_other_did_not_talk_on_from(self) -> None:
        assert exchange([(0, 4_000), (4_600, 9_000)], [(4_100, 4_550)]).interruptions == []

    def test_is_on_each_party_that_was_talking(self) -> None:
        found = exchange([(0, 5_000)], [(300, 6_000)], [(2_000, 7_000)]).interruptions

        assert [(each.by, each.on) for each in found] == [(1, 0), (2, 0), (2, 1)]

    @given(calls(fewest=2))
    def test_lies_within_the_talk_of_another(self, call: Call) -> None:
        talk = {voice.channel: union_of(voice.speech, duration_ms=call.duration_ms) for voice in call.voices}

        for each in exchange_of(talk, THRESHOLDS).interruptions:
            both = sum(
                piece.span.shared_ms(each.span)
                for piece in timeline_of(talk, duration_ms=call.duration_ms)
                if {each.by, each.on} <= piece.speaking
            )
            assert each.by != each.on
            assert THRESHOLDS.interruption_ms <= each.overlap_ms == both <= each.span.duration_ms

    @given(calls(fewest=2), st.integers(1, 2_000), st.integers(0, 2_000))
    def test_a_higher_threshold_finds_no_new_one(self, call: Call, low_ms: int, more_ms: int) -> None:
        talk = {voice.channel: union_of(voice.speech, duration_ms=call.duration_ms) for voice in call.voices}

        low = exchange_of(talk, replace(THRESHOLDS, interruption_ms=low_ms)).interruptions
        high = exchange_of(talk, replace(THRESHOLDS, interruption_ms=low_ms + more_ms)).interruptions

        assert set(high) <= set(low)


class TestBackchannel:
    def test_is_short_and_inside_what_another_says(self) -> None:
        found = exchange([(0, 9_000)], [(4_000, 5_000)])

        assert [(each.channel, each.start_ms) for each in found.backchannels] == [(1, 4_000)]
        assert found.interruptions == []

    @pytest.mark.parametrize(("pause_ms", "count"), [(499, 1), (500, 0)])
    def test_may_lie_in_a_short_pause_of_the_other(self, pause_ms: int, count: int) -> None:
        found = exchange([(0, 4_000), (4_000 + pause_ms, 9_000)], [(4_050, 4_400)])

        assert len(found.backchannels) == count

    def test_is_none_if_it_is_long(self) -> None:
        found = exchange([(0, 9_000)], [(4_000, 5_001)])

        assert (len(found.backchannels), len(found.interruptions)) == (0, 1)

    def test_is_none_if_the_other_has_ended(self) -> None:
        """A short answer is a turn."""
        found = exchange([(0, 4_000), (5_000, 9_000)], [(4_200, 4_600)])

        assert (len(found.backchannels), len(found.turns)) == (0, 3)

    def test_inside_two_others_is_one(self) -> None:
        assert len(exchange([(0, 9_000)], [(100, 9_000)], [(4_000, 4_500)]).backchannels) == 1
