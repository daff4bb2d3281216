from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given

from models.quality_content import FlagCode
from tests.unit.finishing.quality.judged import chunk, codes, flags, heard_calls
from workers.finishing.metrics.spans import Span
from workers.finishing.quality.heard import Ending, Fault, HeardCall
from workers.finishing.quality.judging import flags_of, judge
from workers.finishing.quality.thresholds import THRESHOLDS

PLAIN = "I received my bill yesterday."


class TestFlags:
    def test_there_are_none_on_a_plain_call(self) -> None:
        assert codes(chunk("Thank you for calling."), chunk(PLAIN, start_ms=2_000, channel=1)) == []

    def test_a_text_that_reached_the_cap_is_cut(self) -> None:
        (flag,) = flags(chunk(PLAIN, ending=Ending.AT_CAP, tokens=448))

        assert (flag.code, flag.measures) == (FlagCode.CUT_TEXT, {"tokens": 448, "speech_ms": 1_000})

    @pytest.mark.parametrize(
        ("confidence", "tokens", "found"),
        [
            (0.59, 3, [FlagCode.LOW_CONFIDENCE]),
            (0.6, 3, []),
            (0.1, 2, []),
            (None, 0, []),
        ],
    )
    def test_a_text_of_which_the_engine_was_unsure_is_named(
        self, confidence: float | None, tokens: int, found: list[FlagCode]
    ) -> None:
        assert codes(chunk(PLAIN, confidence=confidence, tokens=tokens)) == found

    def test_a_spoiled_channel_speaks_against_all_of_it_and_nothing_else(self) -> None:
        fault = Fault(FlagCode.BLEED, 1, Span(0, 9_000), {"attenuation_db": 18.0})
        said = [chunk(PLAIN), chunk(PLAIN, channel=1), chunk(PLAIN, channel=1, start_ms=2_000)]

        (flag,) = flags_of(HeardCall(said, [fault]), THRESHOLDS)

        assert (flag.code, flag.channel, flag.span) == (FlagCode.BLEED, 1, Span(0, 9_000))
        assert (flag.chunks, flag.measures) == (frozenset({1, 2}), {"attenuation_db": 18.0})

    @given(heard_calls())
    def test_stand_in_the_order_in_which_they_begin(self, call: HeardCall) -> None:
        places = [flag.place for flag in flags_of(call, THRESHOLDS)]

        assert all(before <= after for before, after in pairwise(places))

    @given(heard_calls())
    def test_last_as_long_as_the_chunks_that_they_speak_against(self, call: HeardCall) -> None:
        for flag in flags_of(HeardCall(call.chunks), THRESHOLDS):
            against = [call.chunks[place] for place in sorted(flag.chunks)]
            assert {each.channel for each in against} == {flag.channel}
            assert flag.span.start_ms == min(each.span.start_ms for each in against)
            assert flag.span.end_ms == max(each.span.end_ms for each in against)

    @given(heard_calls())
    def test_are_the_same_for_the_same_call(self, call: HeardCall) -> None:
        assert judge(call) == judge(call)
