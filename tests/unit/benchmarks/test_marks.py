"""Marks, and the table that shows whether they are met."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from benchmarks.conclusion import as_table, shown
from benchmarks.marks import Mark

FAST = Mark("ms", at_most=5.0)
FULL = Mark("share", at_least=1.0)


class TestMark:
    @pytest.mark.parametrize(("ms", "met"), [(4.9, True), (5.0, True), (5.1, False)])
    def test_an_upper_bound_may_be_reached(self, ms: float, met: bool) -> None:
        assert FAST.is_met({"ms": ms}) is met

    @pytest.mark.parametrize(("share", "met"), [(1.0, True), (0.99, False)])
    def test_a_lower_bound_may_be_reached(self, share: float, met: bool) -> None:
        assert FULL.is_met({"share": share}) is met

    def test_what_was_not_measured_meets_nothing(self) -> None:
        assert not FAST.is_met({"ms": None})

    def test_a_figure_that_is_missing_is_a_bug(self) -> None:
        with pytest.raises(KeyError):
            FAST.is_met({})

    def test_says_its_bound(self) -> None:
        assert [str(FAST), str(FULL)] == ["≤ 5", "≥ 1"]


class TestTable:
    def test_says_which_marks_are_met(self) -> None:
        console = Console(width=80, file=io.StringIO(), record=True)

        console.print(as_table("claim", {"ms": 4.0, "share": 0.5, "chunks": 1_000_000}, [FAST, FULL]))

        lines = console.export_text().splitlines()
        assert [line for line in lines if "ms" in line and "≤ 5 met" in line]
        assert [line for line in lines if "share" in line and "≥ 1 MISSED" in line]
        assert [line for line in lines if "chunks" in line and "1,000,000" in line]

    @pytest.mark.parametrize(
        ("value", "text"), [(5.0, "5"), (0.12345, "0.123"), (1234.5, "1,234.5"), (True, "True"), ("x", "x")]
    )
    def test_numbers_are_short(self, value: object, text: str) -> None:
        assert shown(value) == text
