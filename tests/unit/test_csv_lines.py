"""CSV that says what was meant, and runs nothing."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.csv_lines import FORMULA, csv_line

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(st.lists(TEXTS.filter(lambda text: not text.startswith(FORMULA)), min_size=1))
def test_reads_back_as_it_was_written(cells: list[str]) -> None:
    [row] = csv.reader(io.StringIO(csv_line([*cells, "end"]), newline=""), strict=True)

    assert row == [*cells, "end"]


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_a_formula_becomes_text(formula: str) -> None:
    assert next(csv.reader(io.StringIO(csv_line([formula]), newline="")))[0] == f"'{formula}"


def test_numbers_stay_numbers() -> None:
    assert csv_line([-1, 0.5, None, True]) == "-1,0.5,,True\r\n"
