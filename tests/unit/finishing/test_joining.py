from __future__ import annotations

import pytest

from workers.finishing.joining import join_texts, tidy


class TestJoinTexts:
    @pytest.mark.parametrize(
        ("texts", "joined"),
        [
            (["Good morning.", "How are you?"], "Good morning. How are you?"),
            (["안녕하세요", "반갑습니다"], "안녕하세요 반갑습니다"),
            (["Добрый", "день"], "Добрый день"),
        ],
    )
    def test_puts_a_space_between_spaced_scripts(self, texts: list[str], joined: str) -> None:
        assert join_texts(texts) == joined

    @pytest.mark.parametrize(
        ("texts", "joined"),
        [
            (["我的账单", "有问题"], "我的账单有问题"),
            (["您好。", "请问"], "您好。请问"),
            (["もしもし", "東京です"], "もしもし東京です"),
        ],
    )
    def test_puts_none_within_chinese_and_japanese(self, texts: list[str], joined: str) -> None:
        assert join_texts(texts) == joined

    def test_puts_a_space_where_chinese_meets_english(self) -> None:
        assert join_texts(["我要退", "refund", "谢谢"]) == "我要退 refund 谢谢"

    def test_takes_full_width_punctuation_as_space_enough(self) -> None:
        assert join_texts(["好的。", "OK", "，再见"]) == "好的。OK，再见"

    def test_looks_past_quotation_marks_that_all_scripts_share(self) -> None:
        assert join_texts(["他说“好”", "然后走了"]) == "他说“好”然后走了"
        assert join_texts(["He said “no”", "and left"]) == "He said “no” and left"

    def test_joins_texts_that_are_only_punctuation(self) -> None:
        assert join_texts(["…", "…"]) == "… …"

    def test_makes_nothing_of_nothing(self) -> None:
        assert join_texts([]) == ""
        assert join_texts(["", "yes", ""]) == "yes"


class TestTidy:
    def test_leaves_one_line_with_single_spaces(self) -> None:
        assert tidy("  two \n lines\u2028and\ta tab ") == "two lines and a tab"
