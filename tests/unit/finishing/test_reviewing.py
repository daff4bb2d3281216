from __future__ import annotations

from math import log

from models.channel_finding import FindingCode, Severity
from models.quality_content import QualityContent
from tests.unit.finishing.calls import Said, channels, finding, heard, transcript_of
from workers.engines.base import FinishReason
from workers.finishing.metering import PAD_MS
from workers.finishing.reviewing import ENDINGS, quality_of


def quality(*said: Said) -> QualityContent:
    return transcript_of(*said)["quality"]


def codes(content: QualityContent) -> list[str]:
    return [flag["code"] for flag in content["flags"]]


class TestReviewing:
    def test_speech_that_left_no_segment_is_flagged_where_it_is(self) -> None:
        content = quality(Said(1, 0, 9_000, "", speech_ms=[500, 2_000, 2_500, 8_000]))

        assert content["flags"] == [
            {
                "code": "speech_without_text",
                "channel": 1,
                "start_ms": 500,
                "end_ms": 8_000,
                "measures": {"speech_ms": 7_000 - 4 * PAD_MS, "text_at_most_ms": 0},
            }
        ]
        assert content["trust"] == 0.0

    def test_text_is_held_against_the_speech_of_its_own_chunk(self) -> None:
        content = quality(
            Said(0, 0, 9_000, "Yes.", speech_ms=[0, 1_000]),
            Said(0, 9_000, 10_000, "Thank you for watching this.", speech_ms=[9_400, 9_700]),
        )

        assert codes(content) == ["text_over_silence"]

    def test_how_sure_the_engine_was_is_known(self) -> None:
        content = quality(Said(0, 0, 2_000, "one two three", token_logprobs=[log(0.25)] * 6))

        assert content["flags"][0]["measures"] == {"confidence": 0.25, "tokens": 6}

    def test_how_the_engine_ended_is_known(self) -> None:
        content = quality(
            Said(0, 0, 2_000, "one two", finish_reason="length"),
            Said(0, 2_000, 4_000, "three four", finish_reason="loop"),
            Said(0, 4_000, 6_000, "five six", finish_reason="eos"),
        )

        assert codes(content) == ["cut_text", "repetition"]
        assert set(ENDINGS) == set(FinishReason)

    def test_channels_of_which_a_reader_is_warned_are_spoiled(self) -> None:
        rows = channels(2)
        rows[0].findings = [finding(FindingCode.BLEED, Severity.INFO), finding(FindingCode.DUAL_MONO)]
        rows[1].findings = [finding(FindingCode.BLEED), finding(FindingCode.CLIPPING)]

        content = quality_of(rows, heard(Said(0, 0, 2_000, "one two"), Said(1, 0, 2_000, "three four")))

        assert [(flag["code"], flag["channel"]) for flag in content["flags"]] == [
            ("bleed", 1),
            ("clipping", 1),
        ]
        assert content["flags"][0]["measures"] == {"lag_ms": 3.5}

    def test_a_call_without_speech_has_no_trust(self) -> None:
        assert quality() == {
            "definitions": 1,
            "trust": None,
            "spoken_ms": 0,
            "doubted_ms": 0,
            "flags": [],
        }
