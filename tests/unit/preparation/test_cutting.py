from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.preparation.cutting import Cut, CutRules, cut_chunks
from workers.preparation.speech_spans import Span
from workers.preparation.voice_activity import WINDOW_MS

RULES = CutRules()


def cut(
    *speech: tuple[int, int], duration_ms: int = 600_000, weak_at_ms: int | None = None
) -> tuple[Cut, ...]:
    probabilities = np.full(-(-duration_ms // WINDOW_MS), 0.9, np.float32)
    if weak_at_ms is not None:
        probabilities[weak_at_ms // WINDOW_MS] = 0.6
    return cut_chunks([Span(*edges) for edges in speech], probabilities, duration_ms=duration_ms)


def edges(cuts: tuple[Cut, ...]) -> list[tuple[int, int]]:
    return [(each.start_ms, each.end_ms) for each in cuts]


@st.composite
def channels(draw: st.DrawFn) -> tuple[list[Span], int]:
    """Speech of any shape, in order, and the channel's duration."""
    spans = []
    now_ms = draw(st.integers(0, 3_000))
    for length_ms, pause_ms in draw(st.lists(st.tuples(st.integers(251, 100_000), st.integers(0, 4_000)))):
        spans.append(Span(now_ms, now_ms + length_ms))
        now_ms += length_ms + pause_ms
    last_ms = spans[-1].end_ms if spans else 0
    return spans, last_ms + draw(st.integers(0, 3_000))


class TestCutChunks:
    def test_a_silent_channel_has_none(self) -> None:
        assert cut() == ()

    def test_a_turn_with_short_pauses_is_one_chunk_with_its_margins(self) -> None:
        [chunk] = cut((1_000, 4_000), (4_900, 8_000))

        assert (chunk.start_ms, chunk.end_ms) == (800, 8_200)
        assert chunk.speech == (Span(1_000, 4_000), Span(4_900, 8_000))

    def test_a_long_pause_ends_a_chunk(self) -> None:
        assert edges(cut((1_000, 4_000), (5_001, 8_000))) == [(800, 4_200), (4_801, 8_200)]

    def test_margins_end_where_the_channel_does(self) -> None:
        assert edges(cut((50, 4_000), duration_ms=4_100)) == [(0, 4_100)]

    def test_more_than_30_s_end_at_the_longest_pause_after_20_s(self) -> None:
        first, second = cut((0, 15_000), (15_900, 22_000), (22_500, 28_000), (28_100, 40_000))

        assert first.speech[-1] == Span(15_900, 22_000)
        assert (first.end_ms, second.start_ms) == (22_200, 22_300)

    def test_without_a_pause_after_20_s_the_last_one_before_is_taken(self) -> None:
        first, second = cut((0, 9_000), (9_500, 15_000), (15_200, 40_000))

        assert first.speech[-1] == Span(9_500, 15_000)
        assert (first.end_ms, second.start_ms) == (15_100, 15_100)

    def test_speech_without_a_pause_is_cut_where_it_is_weakest(self) -> None:
        first, second = cut((0, 50_000), weak_at_ms=24_000)

        assert first.end_ms == second.start_ms == 24_000
        assert first.speech + second.speech == (Span(0, 24_000), Span(24_000, 50_000))

    def test_a_cut_through_speech_leaves_enough_to_be_understood(self) -> None:
        _, second = cut((0, 29_700), weak_at_ms=29_500)

        assert second.speech[0].duration_ms >= RULES.min_rest_ms

    @settings(deadline=None)
    @given(channel=channels())
    def test_whatever_the_channel_no_speech_is_lost_and_none_is_doubled(
        self, channel: tuple[list[Span], int]
    ) -> None:
        spans, duration_ms = channel

        cuts = cut(*((span.start_ms, span.end_ms) for span in spans), duration_ms=duration_ms)

        pieces = [piece for each in cuts for piece in each.speech]
        assert joined(pieces) == joined(spans)
        for each in cuts:
            assert 0 <= each.start_ms <= each.speech[0].start_ms
            assert each.speech[-1].end_ms <= each.end_ms <= duration_ms
            assert each.end_ms - each.start_ms <= 30_000
        for earlier, later in pairwise(cuts):
            assert earlier.end_ms <= later.start_ms

    @settings(deadline=None)
    @given(channel=channels())
    def test_no_chunk_bridges_a_long_pause(self, channel: tuple[list[Span], int]) -> None:
        spans, duration_ms = channel

        for each in cut(*((span.start_ms, span.end_ms) for span in spans), duration_ms=duration_ms):
            pauses = [later.start_ms - earlier.end_ms for earlier, later in pairwise(each.speech)]
            assert max(pauses, default=0) <= RULES.max_pause_ms

    def test_a_monologue_fills_its_chunks(self) -> None:
        sentences = [(start, start + 2_700) for start in range(0, 600_000, 3_000)]

        lengths = [each.end_ms - each.start_ms for each in cut(*sentences)]

        assert np.mean(lengths[:-1]) > 25_000


def joined(spans: list[Span]) -> list[tuple[int, int]]:
    """With what touches put together again."""
    whole: list[tuple[int, int]] = []
    for span in spans:
        if whole and whole[-1][1] == span.start_ms:
            whole[-1] = (whole[-1][0], span.end_ms)
        else:
            whole.append((span.start_ms, span.end_ms))
    return whole


@pytest.mark.parametrize("rules", [CutRules(max_ms=10_000, good_ms=6_000, margin_ms=0)])
def test_rules_may_differ(rules: CutRules) -> None:
    probabilities = np.full(2_000, 0.9, np.float32)

    cuts = cut_chunks([Span(0, 25_000)], probabilities, duration_ms=60_000, rules=rules)

    assert max(each.end_ms - each.start_ms for each in cuts) <= 10_000
