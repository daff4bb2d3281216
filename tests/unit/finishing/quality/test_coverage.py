from __future__ import annotations

import pytest

from models.quality_content import FlagCode
from tests.unit.finishing.quality.judged import chunk, codes, flags

UNTOLD = FlagCode.SPEECH_WITHOUT_TEXT
UNFOUNDED = FlagCode.TEXT_OVER_SILENCE


class TestSpeechWithoutText:
    @pytest.mark.parametrize(("speech_ms", "found"), [(1_000, []), (1_001, [UNTOLD])])
    def test_is_what_the_engine_made_nothing_of(self, speech_ms: int, found: list[FlagCode]) -> None:
        assert codes(chunk("", speech_ms=speech_ms)) == found

    def test_is_also_what_it_made_too_little_of(self) -> None:
        (flag,) = flags(chunk("Thank you.", speech_ms=20_000))

        assert flag.code is UNTOLD
        assert flag.measures == {"speech_ms": 20_000, "text_at_most_ms": 3_000}

    @pytest.mark.parametrize(
        ("text", "speech_ms"),
        [
            ("Mhm.", 2_000),
            ("Um, my number is one three eight.", 9_000),
            ("13800123456", 9_000),
            ("好的，请您稍等。", 5_000),
        ],
    )
    def test_is_not_what_somebody_says_slowly(self, text: str, speech_ms: int) -> None:
        assert codes(chunk(text, speech_ms=speech_ms)) == []


class TestTextOverSilence:
    @pytest.mark.parametrize(
        ("text", "speech_ms"),
        [
            ("Thank you for watching.", 300),
            ("请不吝点赞、订阅、转发、打赏支持", 700),
            ("Thank you very much for watching, and do not forget to subscribe to the channel.", 1_500),
        ],
    )
    def test_is_what_nobody_says_so_fast(self, text: str, speech_ms: int) -> None:
        assert codes(chunk(text, speech_ms=speech_ms)) == [UNFOUNDED]

    @pytest.mark.parametrize(
        ("text", "speech_ms"),
        [
            ("Yes.", 190),
            ("Yeah, I know what you mean.", 1_000),
            ("一共是2000块钱对吧", 900),
        ],
    )
    def test_is_not_what_somebody_says_fast(self, text: str, speech_ms: int) -> None:
        assert codes(chunk(text, speech_ms=speech_ms)) == []

    def test_says_how_much_too_fast_it_is(self) -> None:
        (flag,) = flags(chunk("Thank you for watching.", speech_ms=300))

        assert flag.measures == {"speech_ms": 300, "text_at_least_ms": 600}
