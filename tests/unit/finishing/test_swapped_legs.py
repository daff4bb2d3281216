from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import opencc
import pytest

from models.channel_finding import FindingCode
from workers.finishing.swapped_legs import LEAST_LINES, agent_lines, find_swapped_legs

SAMPLES: Final = Path(__file__).parents[3] / "samples"
RIGHT: Final = {0: "agent", 1: "customer"}
SWAPPED: Final = {0: "customer", 1: "agent"}
GREETING: Final = "Thank you for calling! How may I help you?"


def texts_of(call: str) -> dict[int, list[str]]:
    turns = json.loads((SAMPLES / f"{call}.json").read_text())["turns"]
    return {channel: [turn["text"] for turn in turns if turn["channel"] == channel] for channel in (0, 1)}


def channels_found(roles: Mapping[int, str | None], *said: str) -> set[int]:
    return set(find_swapped_legs(roles, {channel: [text] for channel, text in enumerate(said)}))


class TestSwappedLegs:
    @pytest.mark.parametrize("call", ["call_en", "call_zh"])
    def test_of_the_sample_calls_are_told_where_the_roles_are_swapped(self, call: str) -> None:
        assert find_swapped_legs(RIGHT, texts_of(call)) == {}
        assert find_swapped_legs(SWAPPED, texts_of(call)).keys() == {0, 1}

    def test_are_told_on_both_channels_with_what_was_counted(self) -> None:
        found = find_swapped_legs(SWAPPED, {0: [GREETING], 1: ["Hi, my bill is wrong."]})

        assert found[0] == found[1]
        assert found[0]["code"] == FindingCode.SWAPPED_LEGS
        assert found[0]["measures"] == {"agent_lines": 0.0, "other_lines": 2.0}

    def test_one_line_is_not_enough(self) -> None:
        assert LEAST_LINES == 2
        assert channels_found(SWAPPED, "Thank you for calling.", "Hello.") == set()

    def test_the_same_line_again_is_one_line(self) -> None:
        assert channels_found(SWAPPED, "Thank you for calling. Thanks for calling!", "Hello.") == set()

    def test_who_sounds_like_an_agent_on_the_own_channel_is_the_agent(self) -> None:
        assert channels_found(SWAPPED, GREETING, "For security reasons this call is recorded.") == set()

    def test_words_that_two_chunks_share_count(self) -> None:
        assert find_swapped_legs(SWAPPED, {0: ["Thank you for", "calling, how can I help", "you?"], 1: []})

    @pytest.mark.parametrize(
        "roles",
        [
            {0: "customer", 1: None},
            {0: "customer", 1: "supervisor"},
            {0: "agent", 1: "agent"},
            {0: "customer", 1: "agent", 2: "supervisor"},
            {0: "agent"},
            {},
        ],
    )
    def test_are_looked_for_between_an_agent_and_one_other_party(self, roles: dict[int, str | None]) -> None:
        assert channels_found(roles, GREETING, "Hello.", "Hello.") == set()


class TestAgentLines:
    def test_of_the_customers_of_the_sample_calls_are_none(self) -> None:
        assert [agent_lines(texts_of(call)[1]) for call in ("call_en", "call_zh")] == [0, 0]

    def test_are_the_same_in_either_script(self) -> None:
        texts = texts_of("call_zh")[0]

        traditional = [opencc.OpenCC("s2tw").convert(text) for text in texts]

        assert agent_lines(traditional) == agent_lines(texts) >= LEAST_LINES

    @pytest.mark.parametrize(
        ("text", "count"),
        [
            ("THANKS FOR CALLING", 1),
            ("Is there anything else I can help you with?", 1),
            ("你好 ， 很 高兴 为 您 服务 。", 1),
            ("多謝你嘅來電，有咩可以幫到你？", 2),
            ("I was told that somebody would call me.", 0),
            ("我想查一下我的账单。", 0),
            ("", 0),
        ],
    )
    def test_are_told_however_they_are_written(self, text: str, count: int) -> None:
        assert agent_lines([text]) == count
