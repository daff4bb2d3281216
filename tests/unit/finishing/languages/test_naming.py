from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.finishing.languages.naming import NamedLanguage, language_of_call, languages_of
from workers.finishing.segments import Segment

ENGLISH = "Thank you for calling, how can I help you today?"
CHINESE = "您好，感谢您致电客户服务中心，请问有什么可以帮您？"


def segment(text: str, *, heard: str | None = None, speech_ms: int = 1_000) -> Segment:
    return Segment(0, 0, speech_ms, speech_ms, text, (), heard, "eos")


def named(*segments: Segment, given: str | None = None) -> list[NamedLanguage]:
    return languages_of(segments, given=given)


def of_call(*segments: Segment, given: str | None = None) -> NamedLanguage:
    return language_of_call(segments, languages_of(segments, given=given), given=given)


class TestSegments:
    def test_have_the_language_that_the_caller_gave_whatever_else_is_said(self) -> None:
        assert named(segment(ENGLISH, heard="en"), given="zh") == [NamedLanguage("zh", "given")]

    def test_have_else_the_one_that_the_engine_heard(self) -> None:
        assert named(segment(ENGLISH, heard="de")) == [NamedLanguage("de", "engine")]

    def test_have_else_the_one_that_their_text_shows(self) -> None:
        english, chinese, short = named(segment(ENGLISH), segment(CHINESE), segment("Yes."))

        assert (english.code, english.source) == ("en", "text")
        assert chinese == NamedLanguage("zh", "text")
        assert short == NamedLanguage()


class TestCall:
    def test_has_the_language_that_the_caller_gave_also_if_nothing_was_said(self) -> None:
        assert of_call(given="zh") == NamedLanguage("zh", "given")
        assert of_call() == NamedLanguage()

    def test_has_the_one_with_most_speech(self) -> None:
        call = of_call(
            segment(CHINESE, speech_ms=5_000),
            segment(ENGLISH, speech_ms=2_000),
            segment(ENGLISH, speech_ms=2_000),
        )

        assert (call.code, call.source) == ("zh", "text")

    def test_is_as_sure_as_its_segments_are_by_their_speech(self) -> None:
        languages = [NamedLanguage("en", "text", 0.9), NamedLanguage("en", "text", 0.98), NamedLanguage()]
        segments = [segment("a", speech_ms=1_000), segment("b", speech_ms=3_000), segment("c")]

        assert language_of_call(segments, languages, given=None) == NamedLanguage("en", "text", 0.96)

    def test_has_the_source_of_most_speech(self) -> None:
        """As of a call whose worker was replaced by one with another model."""
        call = of_call(segment(ENGLISH, speech_ms=1_000), segment("Hello.", heard="en", speech_ms=2_000))

        assert (call.code, call.source) == ("en", "engine")

    def test_shows_its_language_by_many_short_texts_together(self) -> None:
        call = of_call(segment("Good morning, sir."), segment("Can I help?"), segment("What is that?"))

        assert (call.code, call.source) == ("en", "text")

    @pytest.mark.parametrize("heard", [None, "en"])
    @given(st.permutations([("Yes.", 1_000), (CHINESE, 2_000), (ENGLISH, 2_000)]))
    def test_does_not_depend_on_who_speaks_first(
        self, heard: str | None, order: list[tuple[str, int]]
    ) -> None:
        said = [segment(text, speech_ms=ms) for text, ms in order]

        assert of_call(*[replace(each, language=heard) for each in said]).code == (heard or "zh")
