from __future__ import annotations

import pytest
from hypothesis import given

from tests.unit.finishing.calls import WORDS
from workers.finishing.metrics.pace import Wording, wording_of


class TestWording:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("Good morning, this is Acme.", 5),
            ("I'd like a well-known $42 refund", 6),
            ("안녕하세요 반갑습니다", 2),
            ("Добрый день", 2),
            ("… - ?", 0),
            ("", 0),
        ],
    )
    def test_counts_words_where_they_are_spaced(self, text: str, words: int) -> None:
        assert wording_of([text]) == Wording(words=words, characters=0)
        assert wording_of([text]).unit == "words"

    @pytest.mark.parametrize(
        ("text", "characters"),
        [("您好，感谢您致电。", 7), ("もしもし、東京です", 8), ("「スーパー」", 4)],
    )
    def test_counts_characters_where_they_are_not(self, text: str, characters: int) -> None:
        assert wording_of([text]) == Wording(words=0, characters=characters)
        assert wording_of([text]).unit == "characters"

    def test_counts_each_by_its_own_script_where_they_mix(self) -> None:
        wording = wording_of(["我要退refund谢谢", "OK"])

        assert (wording, wording.count, wording.unit) == (Wording(words=2, characters=5), 7, "characters")

    @given(WORDS, WORDS)
    def test_of_two_texts_is_that_of_both(self, one: str, other: str) -> None:
        assert wording_of([one, other]).count == wording_of([one]).count + wording_of([other]).count


class TestPerMinute:
    def test_is_of_talk_and_not_of_the_call(self) -> None:
        assert Wording(words=50, characters=0).per_minute(20_000) == 150.0

    def test_is_not_known_without_talk(self) -> None:
        assert Wording(words=50, characters=0).per_minute(0) is None
