from __future__ import annotations

import pytest

from workers.finishing.languages.chinese import variety_of


class TestVariety:
    @pytest.mark.parametrize(
        "text",
        [
            "唔該你等一等，我幫你查下先。",
            "我哋嘅服務時間係朝早九點到夜晚六點。",
            "你喺度搵乜嘢呀？",
            "我琴日收到呢个月嘅账单，里面有一笔费用我唔系好清楚",
        ],
    )
    def test_is_cantonese_by_its_particles_in_either_script(self, text: str) -> None:
        assert variety_of(text) == "yue"

    @pytest.mark.parametrize(
        "text",
        [
            "您好，感谢您致电客户服务中心，请问有什么可以帮您？",
            "您好，感謝您致電客戶服務中心，請問有什麼可以幫您？",
            "没有，我一直在家里，我想申请退款。",
            "關係很好的朋友",
        ],
    )
    def test_is_mandarin_by_its_own(self, text: str) -> None:
        assert variety_of(text) == "zh"

    @pytest.mark.parametrize("text", ["一三八零零一二三四五六", "退款申请", "但是目的存在", "關係", ""])
    def test_is_not_known_of_what_both_write(self, text: str) -> None:
        assert variety_of(text) is None
