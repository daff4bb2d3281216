"""In which order a claim visits lanes and duration buckets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from models import Lane
from models.chunk import BUCKET_BOUNDS_MS, BUCKETS, bucket_of
from models.repositories.chunk_claims import Head, visiting_order

heads = st.lists(
    st.builds(
        Head,
        lane=st.sampled_from(list(Lane)),
        bucket=st.sampled_from(BUCKETS),
        vft=st.floats(min_value=0, max_value=1e9),
    ),
    unique_by=lambda head: (head.lane, head.bucket),
)


class TestVisitingOrder:
    def test_begins_with_the_bucket_whose_head_is_due(self) -> None:
        order = visiting_order([Head(Lane.BULK, 0, 5.0), Head(Lane.BULK, 3, 1.0), Head(Lane.BULK, 2, 9.0)])

        assert [head.bucket for head in order] == [3, 2, 0]

    def test_fills_up_live_work_with_bulk_of_like_duration(self) -> None:
        order = visiting_order([Head(Lane.LIVE, 1, 7.0), Head(Lane.BULK, 3, 1.0), Head(Lane.BULK, 1, 2.0)])

        assert [(head.lane, head.bucket) for head in order] == [
            (Lane.LIVE, 1),
            (Lane.BULK, 1),
            (Lane.BULK, 3),
        ]

    @given(heads)
    def test_visits_every_head_once(self, waiting: list[Head]) -> None:
        assert sorted(map(repr, visiting_order(waiting))) == sorted(map(repr, waiting))

    @given(heads)
    def test_never_visits_bulk_before_live(self, waiting: list[Head]) -> None:
        lanes = [head.lane for head in visiting_order(waiting)]

        assert lanes == sorted(lanes, key=lambda lane: lane is not Lane.LIVE)


class TestBucketOf:
    def test_bounds_belong_to_the_shorter_bucket(self) -> None:
        assert [bucket_of(bound) for bound in BUCKET_BOUNDS_MS] == [0, 1, 2]

    @given(st.integers(min_value=1, max_value=30_000))
    def test_every_duration_has_a_bucket(self, duration_ms: int) -> None:
        assert bucket_of(duration_ms) in BUCKETS
