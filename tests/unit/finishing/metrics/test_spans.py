from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.finishing.metrics.conversations import Edges, spans
from workers.finishing.metrics.spans import Span, runs_of, total_ms, union_of, unpadded

EDGES = st.lists(
    st.tuples(st.integers(-20, 120), st.integers(0, 30)).map(lambda pair: (pair[0], sum(pair))), max_size=12
)


class TestUnion:
    def test_joins_what_touches_or_overlaps(self) -> None:
        assert union_of(spans([(0, 10), (10, 20), (15, 30), (31, 40)]), duration_ms=100) == (
            Span(0, 30),
            Span(31, 40),
        )

    def test_knows_no_order(self) -> None:
        assert union_of(spans([(50, 60), (0, 10)]), duration_ms=100) == (Span(0, 10), Span(50, 60))

    def test_ends_with_the_recording(self) -> None:
        assert union_of(spans([(-5, 5), (90, 110), (120, 130)]), duration_ms=100) == (
            Span(0, 5),
            Span(90, 100),
        )

    def test_a_span_within_another_adds_nothing(self) -> None:
        assert union_of(spans([(0, 50), (10, 20), (45, 60)]), duration_ms=100) == (Span(0, 60),)

    @given(EDGES)
    def test_covers_each_millisecond_that_any_span_covers_once(self, edges: Edges) -> None:
        covered = {at for start, end in edges for at in range(max(start, 0), min(end, 100))}

        union = union_of(spans(edges), duration_ms=100)

        assert total_ms(union) == len(covered)
        assert {at for span in union for at in range(span.start_ms, span.end_ms)} == covered


class TestUnpadded:
    def test_takes_what_was_added_from_either_side(self) -> None:
        assert unpadded(spans([(100, 200), (230, 300)]), pad_ms=10, duration_ms=500) == (
            Span(110, 190),
            Span(240, 290),
        )

    def test_takes_nothing_where_the_recording_ends(self) -> None:
        assert unpadded(spans([(0, 100), (400, 600)]), pad_ms=10, duration_ms=500) == (
            Span(0, 90),
            Span(410, 500),
        )

    def test_takes_nothing_where_speech_was_only_cut(self) -> None:
        assert unpadded(spans([(100, 200), (200, 300)]), pad_ms=10, duration_ms=500) == (Span(110, 290),)

    @given(EDGES)
    def test_leaves_as_many_spans_each_within_its_own(self, edges: Edges) -> None:
        speech = [span for span in union_of(spans(edges), duration_ms=100) if span.duration_ms > 4]

        bare = unpadded(speech, pad_ms=2, duration_ms=100)

        assert [each.shared_ms(span) for each, span in zip(bare, speech, strict=True)] == [
            each.duration_ms for each in bare
        ]


class TestRuns:
    def test_end_at_a_pause_that_is_long_enough(self) -> None:
        runs = runs_of(spans([(0, 10), (59, 70), (120, 130)]), pause_ms=50)

        assert runs == [spans([(0, 10), (59, 70)]), spans([(120, 130)])]

    def test_remember_the_end_of_a_span_that_outlasts_the_next(self) -> None:
        assert len(runs_of(spans([(0, 100), (10, 20), (120, 130)]), pause_ms=50)) == 1
