from __future__ import annotations

import pytest
from hypothesis import given

from tests.unit.finishing.calls import WORDS
from workers.finishing.quality.saying import quickest_ms, slowest_ms
from workers.finishing.quality.thresholds import Thresholds

ROUND = Thresholds(
    slowest_word_ms=1_000,
    slowest_character_ms=500,
    letters_in_word=10,
    fastest_word_ms=100,
    fastest_character_ms=50,
)


class TestSaying:
    @pytest.mark.parametrize(
        ("text", "quickest", "slowest"),
        [
            ("", 0, 0),
            ("… - ?", 0, 0),
            ("Thank you for calling.", 400, 4_000),
            ("您好，再见", 200, 2_000),
            ("我要退refund", 250, 2_500),
            ("안녕하세요 반갑습니다", 200, 2_000),
        ],
    )
    def test_counts_words_and_characters(self, text: str, quickest: int, slowest: int) -> None:
        assert (quickest_ms(text, ROUND), slowest_ms(text, ROUND)) == (quickest, slowest)

    def test_a_number_may_be_said_at_once_or_digit_by_digit(self) -> None:
        assert (quickest_ms("13800123456", ROUND), slowest_ms("13800123456", ROUND)) == (100, 5_500)

    def test_a_long_word_is_several(self) -> None:
        """As what stands between spaces is a sentence in Thai."""
        assert slowest_ms("สวัสดีครับผมขอสอบถามเรื่องบิล", ROUND) == 3_000

    @given(WORDS, WORDS)
    def test_more_text_takes_no_less(self, one: str, other: str) -> None:
        for takes in (quickest_ms, slowest_ms):
            assert takes(f"{one} {other}", ROUND) == takes(one, ROUND) + takes(other, ROUND)
