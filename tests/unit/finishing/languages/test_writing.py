from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.chinese_script import ChineseScript
from tests.unit.finishing.calls import WORDS
from workers.finishing.languages.writing import FOREIGN, HAN, written

SENTENCES = ["您好，请问有什么可以帮您？", "我想查詢帳單裡面的費用", "唔該你等一等，我哋幫你查下先。"]


def simplified(text: str, *, language: str | None = "zh") -> str:
    return written(text, ChineseScript.HANS, language=language, call_language=language)


def traditional(text: str, *, language: str | None = "zh", call_language: str | None = "zh") -> str:
    return written(text, ChineseScript.HANT, language=language, call_language=call_language)


class TestWritten:
    def test_in_simplified_characters(self) -> None:
        assert simplified("請問有什麼可以幫您？") == "请问有什么可以帮您？"

    def test_in_traditional_characters_by_their_words(self) -> None:
        assert traditional("头发很干，皇后的日历在里面") == "頭髮很乾，皇后的日曆在裡面"

    def test_as_hong_kong_does_where_the_call_is_cantonese(self) -> None:
        assert traditional("台湾里面", call_language="yue") == "台灣裏面"
        assert traditional("台湾里面", call_language="zh") == "臺灣裡面"

    def test_cantonese_is_what_it_was_before_it_was_simplified(self) -> None:
        copula, other = "佢系我朋友，唔系咩", "我哋嘅系统同关系，联系系主任"

        assert traditional(copula, call_language="yue") == "佢係我朋友，唔係咩"
        assert traditional(other, call_language="yue") == "我哋嘅系統同關係，聯繫系主任"

    def test_in_the_same_words(self) -> None:
        """Taiwan says otherwise: 軟體, 滑鼠."""
        assert traditional("软件和鼠标") == "軟件和鼠標"

    def test_as_it_came_unless_asked_for(self) -> None:
        assert written("請問什么", ChineseScript.AS_IS, language="zh", call_language="zh") == "請問什么"

    @pytest.mark.parametrize(
        ("text", "language"),
        [
            ("東京、発売", "ja"),
            ("発売日はいつですか", None),
            ("大韓民國 만세", None),
            ("Thank you", "en"),
        ],
    )
    def test_leaves_what_is_not_chinese(self, text: str, language: str | None) -> None:
        assert simplified(text, language=language) == text

    def test_reaches_chinese_words_in_another_language(self) -> None:
        assert simplified("I asked for 退費 yesterday", language="en") == "I asked for 退费 yesterday"

    def test_keeps_numbers_and_punctuation_as_the_engine_wrote_them(self) -> None:
        assert traditional("“3,000块”，１２３《账单》 OK…") == "“3,000塊”，１２３《賬單》 OK…"

    @given(WORDS | st.sampled_from(SENTENCES), st.sampled_from(ChineseScript), st.sampled_from(["zh", "yue"]))
    def test_changes_chinese_characters_only(self, text: str, script: ChineseScript, language: str) -> None:
        came = written(text, script, language=language, call_language=language)

        assert HAN.sub("字", came) == HAN.sub("字", text)
        assert not FOREIGN.search(text) or came == text

    @pytest.mark.parametrize("script", ChineseScript)
    @pytest.mark.parametrize("text", SENTENCES)
    def test_a_second_time_changes_nothing(self, text: str, script: ChineseScript) -> None:
        once = written(text, script, language="zh", call_language="zh")

        assert written(once, script, language="zh", call_language="zh") == once
