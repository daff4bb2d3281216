"""Judging afterwards which device batches were full."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from benchmarks.fullness import Heard, as_claimed, gaps_ms
from models.repositories.chunk_claims import Budget

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
BUDGET = Budget(audio_ms=30_000, chunks=3)


def heard(*durations_ms: int, at: float, worker: str = "w1", seconds: float = 1.0) -> Heard:
    started_at = NOON + timedelta(seconds=at)
    return Heard(
        worker=worker,
        started_at=started_at,
        ended_at=started_at + timedelta(seconds=seconds),
        fill=1.0,
        durations_ms=durations_ms,
    )


class TestFull:
    def test_with_as_many_chunks_as_the_engine_takes(self) -> None:
        first, _ = as_claimed([heard(100, 100, 100, at=0), heard(100, at=2)])

        assert first.is_full(BUDGET)

    def test_with_so_much_audio_that_none_of_those_left_fits(self) -> None:
        first, _ = as_claimed([heard(14_000, 14_000, at=0), heard(9_000, 2_001, at=2)])

        assert first.is_full(BUDGET)

    def test_not_if_a_single_one_of_those_left_would_have_fitted(self) -> None:
        first, *_ = as_claimed([heard(14_000, 14_000, at=0), heard(9_000, at=2), heard(2_000, at=4)])

        assert not first.is_full(BUDGET)

    def test_the_last_one_had_no_backlog_and_could_take_no_more(self) -> None:
        _, last = as_claimed([heard(14_000, at=0), heard(1_000, at=2)])

        assert not last.had_backlog
        assert last.is_full(BUDGET)

    def test_claims_are_ordered_by_their_start_whoever_made_them(self) -> None:
        late, early = heard(1, at=5, worker="w2"), heard(2, at=0)

        assert [each.batch for each in as_claimed([late, early])] == [early, late]


class TestGaps:
    def test_are_between_device_batches_of_one_worker(self) -> None:
        claimed = as_claimed(
            [heard(1, at=0), heard(1, at=1.25), heard(1, at=0.5, worker="w2"), heard(1, at=9, worker="w3")]
        )

        assert gaps_ms(claimed) == [250.0]

    def test_do_not_count_once_nothing_waits(self) -> None:
        claimed = as_claimed([heard(1, at=0), heard(1, at=1.25)])

        assert gaps_ms([claimed[1], claimed[1]]) == []
