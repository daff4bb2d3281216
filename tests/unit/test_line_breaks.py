from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.line_breaks import break_lines
from models.scripts import columns_of
from tests.unit.finishing.calls import WORDS


class TestBreakLines:
    def test_fills_lines_up_to_the_width(self) -> None:
        assert break_lines("aaa bbb ccc ddd", columns=7) == ["aaa bbb", "ccc ddd"]

    def test_counts_chinese_as_two_columns_and_breaks_it_anywhere(self) -> None:
        assert break_lines("一二三四五六七", columns=6) == ["一二三", "四五六", "七"]

    def test_keeps_korean_words_whole(self) -> None:
        assert break_lines("안녕하세요 반갑습니다", columns=12) == ["안녕하세요", "반갑습니다"]

    def test_begins_no_line_with_closing_punctuation(self) -> None:
        assert break_lines("一二三。四", columns=6) == ["一二", "三。四"]

    def test_ends_no_line_with_an_opening_bracket(self) -> None:
        assert break_lines("一二（三）", columns=6) == ["一二", "（三）"]

    def test_breaks_what_is_longer_than_a_line(self) -> None:
        assert break_lines("abcdefgh", columns=3) == ["abc", "def", "gh"]

    def test_makes_no_lines_of_blanks(self) -> None:
        assert break_lines(" \n ", columns=9) == []

    @given(WORDS, st.integers(2, 50))
    def test_loses_nothing_but_spaces(self, text: str, columns: int) -> None:
        lines = break_lines(text, columns=columns)

        assert "".join("".join(lines).split()) == "".join(text.split())

    @given(WORDS, st.integers(2, 50))
    def test_no_line_is_wider_or_blank(self, text: str, columns: int) -> None:
        lines = break_lines(text, columns=columns)

        assert all(columns_of(line) <= columns and line.strip() for line in lines)


class TestColumns:
    @pytest.mark.parametrize(
        ("text", "columns"), [("abc", 3), ("你好", 4), ("한국", 4), ("e\u0301", 1), ("", 0)]
    )
    def test_are_counted_as_they_are_shown(self, text: str, columns: int) -> None:
        assert columns_of(text) == columns
