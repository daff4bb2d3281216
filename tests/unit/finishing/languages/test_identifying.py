from __future__ import annotations

import pytest
from hypothesis import given

from core.catalog import CATALOG
from tests.unit.finishing.calls import WORDS
from workers.finishing.languages.identifying import LEAST_PROBABILITY, identify


def language(text: str) -> str | None:
    found = identify(text)
    return None if found is None else found.language


class TestIdentify:
    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("Thank you for calling, how can I help you today?", "en"),
            ("Guten Tag, ich möchte meine Rechnung reklamieren.", "de"),
            ("Buenos días, llamo por la factura que recibí ayer.", "es"),
            ("您好，感谢您致电客户服务中心，请问有什么可以帮您？", "zh"),
            ("您好，感謝您致電客戶服務中心，請問有什麼可以幫您？", "zh"),
            ("唔該你等一等，我幫你查下先。", "yue"),
            ("唔该你等一等，我哋帮你查下先。", "yue"),
            ("お電話ありがとうございます。ご用件をお聞かせください。", "ja"),
            ("안녕하세요, 무엇을 도와드릴까요? 고객 센터입니다.", "ko"),
            ("我想问一下我的那个 order 什么时候 deliver", "zh"),
        ],
    )
    def test_a_sentence_shows_its_language(self, text: str, code: str) -> None:
        assert language(text) == code

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "Yes.",
            "OK, bye bye.",
            "Thank you, bye.",
            "好的，谢谢您",
            "嗯嗯，係呀",
            "1 3 8 0 0 1 2 3 4 5 6",
        ],
    )
    def test_a_few_words_or_figures_do_not(self, text: str) -> None:
        assert language(text) is None

    def test_a_text_that_two_languages_share_does_not(self) -> None:
        assert language("一三八零零一二三四五六七八") is None

    def test_how_sure_it_is_is_told_where_it_is_known(self) -> None:
        english = identify("Thank you for calling, how can I help you today?")
        cantonese = identify("唔該你等一等，我幫你查下先。")

        assert english is not None
        assert english.probability is not None
        assert LEAST_PROBABILITY <= english.probability <= 1.0
        assert cantonese is not None
        assert cantonese.probability is None

    @given(WORDS)
    def test_it_is_a_language_that_some_model_knows(self, text: str) -> None:
        known = {code for model in CATALOG.values() for code in model.languages}

        assert language(text) in {None, *known}
        assert identify(text) == identify(text)
