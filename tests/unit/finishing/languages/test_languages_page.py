"""docs/languages.md"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final, get_args

from typing_extensions import TypedDict

from core.catalog import CATALOG
from models.chinese_script import ChineseScript
from models.transcript_content import LanguageSource
from workers.finishing.languages import identifying
from workers.finishing.languages.naming import NamedLanguage, languages_of
from workers.finishing.languages.writing import written
from workers.finishing.segments import Segment

PAGE: Final = (Path(__file__).parents[4] / "docs" / "languages.md").read_text()


class ExampleText(TypedDict):
    text: str
    speech_ms: int


class ExampleLanguage(TypedDict):
    language: str | None
    language_source: LanguageSource | None
    language_confidence: float | None


def blocks() -> list[str]:
    return re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)


class TestPage:
    def test_its_example_has_the_languages_of_its_texts(self) -> None:
        texts: list[ExampleText] = json.loads(blocks()[0])
        told: list[ExampleLanguage] = json.loads(blocks()[1])
        segments = [Segment(0, 0, 1, each["speech_ms"], each["text"], (), None, "eos") for each in texts]

        assert languages_of(segments, given=None) == [
            NamedLanguage(each["language"], each["language_source"], each["language_confidence"])
            for each in told
        ]

    def test_it_explains_every_source_and_every_script(self) -> None:
        explained = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)

        assert explained == ["language_source", *get_args(LanguageSource), "script", *ChineseScript]

    def test_it_tells_how_much_text_is_enough(self) -> None:
        assert f"fewer than {identifying.FEWEST_WORDS} words, or {identifying.FEWEST_CHARACTERS} char" in PAGE
        assert f"less than {identifying.LEAST_PROBABILITY} of the probability" in PAGE

    def test_it_names_the_languages_that_cannot_be_read_from_a_text(self) -> None:
        known = {code for model in CATALOG.values() for code in model.languages}
        missing = known - set(identifying._identifier().nb_classes)

        assert sorted(missing) == re.findall(r"`(\w+)`", PAGE.split("it lacks seven")[1].split(")")[0])

    def test_its_words_are_written_as_it_says(self) -> None:
        came, script, becomes = "您好，里面有3笔费用", ChineseScript.HANT, "您好，裡面有3筆費用"

        assert f"`{came}` becomes `{becomes}` with `{script.value}`" in PAGE
        assert written(came, script, language="zh", call_language="zh") == becomes
        assert written("头发发票软件", script, language="zh", call_language="zh") == "頭髮發票軟件"
