from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.quality_content import FlagCode
from tests.unit.finishing.quality.judged import chunk, heard_calls
from workers.finishing.metrics.spans import Span
from workers.finishing.quality.flag import Flag
from workers.finishing.quality.heard import Ending, HeardCall
from workers.finishing.quality.judging import flags_of, judge
from workers.finishing.quality.thresholds import DOUBTS, THRESHOLDS
from workers.finishing.quality.trust import doubt, trust_of

PLAIN: Final = "Good morning, I am calling about the bill that came yesterday, for it is not mine."


@st.composite
def flagged(draw: st.DrawFn) -> tuple[HeardCall, list[Flag], Flag]:
    """A call, flags on it as they may come, and one more."""
    call = draw(heard_calls())
    places = st.frozensets(st.integers(0, len(call.chunks) - 1)) if call.chunks else st.just(frozenset[int]())
    flags = st.builds(Flag, st.sampled_from(FlagCode), st.just(0), st.just(Span(0, 1)), places)
    return call, draw(st.lists(flags, max_size=6)), draw(flags)


class TestTrust:
    @given(flagged())
    def test_is_never_raised_by_a_further_flag(self, drawn: tuple[HeardCall, list[Flag], Flag]) -> None:
        call, flags, another = drawn

        before = trust_of(call.chunks, flags, THRESHOLDS)
        after = trust_of(call.chunks, [*flags, another], THRESHOLDS)

        assert after.spoken_ms == before.spoken_ms
        assert after.doubted_ms >= before.doubted_ms
        assert before.value is None or (after.value is not None and after.value <= before.value)

    @given(flagged())
    def test_lies_between_0_and_1(self, drawn: tuple[HeardCall, list[Flag], Flag]) -> None:
        call, flags, _ = drawn

        value = trust_of(call.chunks, flags, THRESHOLDS).value

        assert value is None or 0.0 <= value <= 1.0

    @given(heard_calls())
    def test_is_whole_where_nothing_is_flagged(self, call: HeardCall) -> None:
        quality = judge(call)

        assert quality["flags"] or quality["trust"] in {None, 1.0}

    @given(heard_calls())
    def test_does_not_depend_on_the_order_of_flags(self, call: HeardCall) -> None:
        flags = flags_of(call, THRESHOLDS)

        assert trust_of(call.chunks, flags[::-1], THRESHOLDS) == trust_of(call.chunks, flags, THRESHOLDS)

    def test_is_not_known_where_nothing_was_to_be_heard(self) -> None:
        assert judge(HeardCall([]))["trust"] is None

    def test_is_the_share_that_nothing_is_said_against(self) -> None:
        said = [chunk(PLAIN, speech_ms=9_000), chunk("", speech_ms=3_000, start_ms=10_000)]

        quality = judge(HeardCall(said))

        assert (quality["spoken_ms"], quality["doubted_ms"], quality["trust"]) == (12_000, 3_000, 0.75)

    def test_counts_what_was_invented_by_the_time_it_would_take(self) -> None:
        invented = chunk("a b c d e f g h i j k l m n o p q r s t", speech_ms=300, start_ms=10_000)

        quality = judge(HeardCall([chunk(PLAIN, speech_ms=9_000), invented]))

        assert (quality["spoken_ms"], quality["doubted_ms"], quality["trust"]) == (12_000, 3_000, 0.75)


class TestDoubt:
    def test_of_two_flags_is_more_than_of_either(self) -> None:
        both = doubt({FlagCode.CUT_TEXT, FlagCode.LOW_CONFIDENCE})

        assert both == pytest.approx(0.85)

    def test_of_no_flag_is_none(self) -> None:
        assert doubt(set()) == 0.0

    def test_is_weighed_for_every_flag(self) -> None:
        assert list(DOUBTS) == list(FlagCode)
        assert all(0.0 < weight <= 1.0 for weight in DOUBTS.values())


class TestWorseCalls:
    @given(heard_calls(), st.data())
    def test_are_trusted_no_more(self, call: HeardCall, data: st.DataObject) -> None:
        """Whatever else is said against a chunk: it is worse if the engine had no room to end it."""
        ended = [replace(each, ending=Ending.BY_ITSELF) for each in call.chunks]
        place = data.draw(st.integers(0, len(ended))) if ended else 0
        cut = [replace(each, ending=Ending.AT_CAP) if n == place else each for n, each in enumerate(ended)]

        before = judge(HeardCall(ended, call.faults))["trust"]
        after = judge(HeardCall(cut, call.faults))["trust"]

        assert before is None or (after is not None and after <= before)
