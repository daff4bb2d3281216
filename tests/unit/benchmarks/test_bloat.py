"""What the benchmark of growth calls growth."""

from __future__ import annotations

import pytest

from benchmarks.bloat import MARKS, Space, figures_of


def spaces(*kib: int) -> list[Space]:
    return [Space(full_kib=9_000, dead_rows=100, kib=each) for each in kib]


class TestGrowth:
    def test_of_the_first_round_is_what_a_round_needs(self) -> None:
        figures = figures_of(spaces(500, 1_000, 1_000), jobs=10, rows_left=0)

        assert figures["grown_share"] == 0
        assert all(mark.is_met(figures) for mark in MARKS)

    @pytest.mark.parametrize("later", [(1_000, 1_100), (1_100, 1_000)])
    def test_of_any_later_round_counts(self, later: tuple[int, int]) -> None:
        figures = figures_of(spaces(500, 1_000, *later), jobs=10, rows_left=0)

        assert figures["grown_share"] == 0.1
        assert not all(mark.is_met(figures) for mark in MARKS)

    def test_are_rows_that_are_left_too(self) -> None:
        figures = figures_of(spaces(500, 1_000, 1_000), jobs=10, rows_left=1)

        assert not all(mark.is_met(figures) for mark in MARKS)

    def test_is_told_of_all_jobs_and_chunks(self) -> None:
        figures = figures_of(spaces(500, 1_000, 1_000), jobs=10, rows_left=0)

        assert (figures["jobs"], figures["chunks"], figures["rounds"]) == (30, 240, 3)
