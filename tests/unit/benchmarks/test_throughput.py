from __future__ import annotations

import pytest

from benchmarks.throughput import MARKS, Round, figures_of


def rounds(*seconds: float, **cpu_seconds: float) -> list[Round]:
    return [Round(jobs=100, seconds=each, cpu_seconds=cpu_seconds) for each in seconds]


class TestFigures:
    def test_compare_what_was_measured_one_after_the_other(self) -> None:
        """A machine that slows down for a round slows down both."""
        figures = figures_of(rounds(10, 40, 20), rounds(6, 24, 8))

        assert figures["ratio_of_each_round"] == [0.6, 0.6, 0.4]
        assert figures["ratio"] == 0.6
        assert (figures["ours_jobs_per_s"], figures["plain_jobs_per_s"]) == (5, 12.5)

    def test_tell_what_each_program_took_for_a_job(self) -> None:
        figures = figures_of(rounds(10, api=1.0, postgres=0.5), rounds(10, **{"plain-api": 0.4}))

        assert (figures["ours_cpu_ms_api"], figures["ours_cpu_ms_postgres"]) == (10, 5)
        assert (figures["ours_cpu_ms_per_job"], figures["plain_cpu_ms_per_job"]) == (15, 4)
        assert figures["plain_cpu_ms_api"] == 4

    @pytest.mark.parametrize(("lost", "missed"), [(0, ["ratio"]), (1, ["ratio", "lost"])])
    def test_miss_the_mark_when_less_than_half_comes_out_or_a_job_is_lost(
        self, lost: int, missed: list[str]
    ) -> None:
        slow = {"lost": lost, **figures_of(rounds(21), rounds(10))}

        assert [mark.figure for mark in MARKS if not mark.is_met(slow)] == missed
