"""What the benchmarks make of what they measured."""

from __future__ import annotations

from benchmarks import claim, latency
from benchmarks.backlog import BacklogSize
from benchmarks.claimers import Claims
from benchmarks.latency import Passage

BACKLOG = BacklogSize(chunks=1000, of_busy_model=700, audio_hours=5.25, table_mib=1.0, claim_index_mib=0.1)


def claims(*ids: int, size: int = 64) -> Claims:
    return Claims(milliseconds=[1.0, 2.0], sizes=[size, size], chunk_ids=list(ids))


def passage(*, waiting: int | None = 20, completed: bool = True) -> Passage:
    stages = {"queued": 10, "waiting": waiting}
    return Passage(submit_ms=20.0, total_ms=200.0, stages_ms=stages, completed=completed)


class TestClaim:
    def test_a_chunk_that_two_workers_got_is_counted(self) -> None:
        figures = claim.figures_of(BACKLOG, {(64, 1): claims(1, 2), (64, 8): claims(2, 3)}, leased=3)

        assert figures["chunks_claimed_twice"] == 2

    def test_a_claim_that_the_database_knows_nothing_of_is_counted(self) -> None:
        figures = claim.figures_of(BACKLOG, {(64, 1): claims(1, 2), (64, 8): claims(3, 4)}, leased=3)

        assert figures["chunks_claimed_twice"] == 1

    def test_every_mark_has_its_figure(self) -> None:
        runs = {(64, 1): claims(1, 2), (32, 1): claims(3, 4, size=32)}

        figures = claim.figures_of(BACKLOG, runs, leased=4)

        assert all(mark.is_met(figures) for mark in claim.MARKS)

    def test_a_claim_that_found_less_than_it_had_room_for_is_counted(self) -> None:
        figures = claim.figures_of(BACKLOG, {(64, 1): claims(1, 2, size=63)}, leased=2)

        assert figures["claims_not_full"] == 2


class TestLatency:
    def test_a_call_that_did_not_complete_is_counted(self) -> None:
        figures = latency.figures_of([passage(), passage(completed=False)])

        assert figures["not_completed"] == 1

    def test_a_stage_that_some_calls_skipped_is_measured_on_the_others(self) -> None:
        figures = latency.figures_of([passage(), passage(waiting=None)])

        assert figures["job_waiting_ms_p50"] == 20

    def test_a_stage_that_all_calls_skipped_has_no_figure(self) -> None:
        assert latency.figures_of([passage(waiting=None)])["job_waiting_ms_p50"] is None

    def test_every_mark_has_its_figure(self) -> None:
        assert all(mark.is_met(latency.figures_of([passage()])) for mark in latency.MARKS)
