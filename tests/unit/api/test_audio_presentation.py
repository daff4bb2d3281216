"""Transcripts in OpenAI's forms."""

from __future__ import annotations

import json
import math

import pytest

from api.audio.options import ResponseFormat
from api.audio.presentation import compression_ratio, presented
from models.base import JsonObject
from models.transcript_content import as_json
from tests.integration.api.test_transcripts import CONTENT


@pytest.fixture
def content() -> JsonObject:
    return as_json(CONTENT)


def verbose(content: JsonObject) -> dict[str, object]:
    body, _ = presented(content, ResponseFormat.VERBOSE_JSON)
    parsed: dict[str, object] = json.loads(body)
    return parsed


class TestPresented:
    def test_json_has_the_text_and_how_much_was_heard(self, content: JsonObject) -> None:
        body, media_type = presented(content, ResponseFormat.JSON)

        assert media_type == "application/json"
        assert json.loads(body) == {"text": "您好,请讲。", "usage": {"type": "duration", "seconds": 5}}

    def test_text_is_only_the_text(self, content: JsonObject) -> None:
        assert presented(content, ResponseFormat.TEXT) == ("您好,请讲。\n", "text/plain; charset=utf-8")

    @pytest.mark.parametrize(
        ("form", "begin"), [(ResponseFormat.SRT, "1\n00:00:01,000"), (ResponseFormat.VTT, "WEBVTT")]
    )
    def test_captions_are_those_of_the_transcript(
        self, content: JsonObject, form: ResponseFormat, begin: str
    ) -> None:
        body, _ = presented(content, form)

        assert body.startswith(begin)

    def test_verbose_json_says_when_in_seconds(self, content: JsonObject) -> None:
        shown = verbose(content)

        assert (shown["task"], shown["language"], shown["duration"]) == ("transcribe", "zh", 5.0)
        assert isinstance(shown["segments"], list)
        [segment] = shown["segments"]
        assert (segment["start"], segment["end"], segment["seek"]) == (1.0, 3.0, 100)
        assert segment["avg_logprob"] == pytest.approx(math.log(0.9))

    @pytest.mark.parametrize("confidence", [None, 0.0])
    def test_an_unknown_probability_stays_unknown(self, confidence: float | None) -> None:
        [segment] = CONTENT["segments"]

        shown = verbose(as_json({**CONTENT, "segments": [{**segment, "confidence": confidence}]}))

        assert isinstance(shown["segments"], list)
        assert shown["segments"][0]["avg_logprob"] is None


def test_what_repeats_itself_compresses_well() -> None:
    assert compression_ratio("thank you " * 40) > 2.4
    assert compression_ratio("Good morning, how can I help you?") < 1.5
