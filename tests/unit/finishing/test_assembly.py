from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from math import log

from hypothesis import given

from models import Channel, Recording
from models.channel_finding import FindingCode
from models.chinese_script import ChineseScript
from models.transcript_content import from_json
from tests.unit.finishing.calls import NOON, Said, calls, channels, finding, heard, job, transcript_of
from workers.finishing.assembly import assemble
from workers.finishing.joining import tidy


class TestText:
    def test_is_the_dialogue_in_time_order_with_an_utterance_a_line(self) -> None:
        transcript = transcript_of(
            Said(1, 3_000, 4_000, "Good morning."),
            Said(0, 0, 1_000, "Hello."),
            Said(0, 1_000, 2_000, "How can I help?"),
        )

        assert transcript["text"] == "Hello. How can I help?\nGood morning."

    @given(calls())
    def test_loses_nothing_that_was_heard(self, said: list[Said]) -> None:
        transcript = transcript_of(*said)

        assert all(tidy(each.text) in transcript["text"] for each in said)
        assert _letters(transcript["text"]) == sum((_letters(each.text) for each in said), Counter())


class TestSegments:
    @given(calls())
    def test_there_is_one_for_each_chunk_with_text(self, said: list[Said]) -> None:
        transcript = transcript_of(*said)

        texts = [segment["text"] for segment in transcript["segments"]]
        assert sorted(texts) == sorted(tidy(each.text) for each in said if tidy(each.text))

    @given(calls())
    def test_stand_in_start_order_under_their_ids(self, said: list[Said]) -> None:
        segments = transcript_of(*said)["segments"]

        places = [(segment["start_ms"], segment["channel"]) for segment in segments]
        assert places == sorted(places)
        assert [segment["id"] for segment in segments] == list(range(len(segments)))

    def test_carry_what_is_known_of_them(self) -> None:
        said = Said(0, 0, 1_000, "hello", token_logprobs=[log(0.5)], language="en", finish_reason="length")

        transcript = transcript_of(said, roles={"0": "agent"})

        assert transcript["segments"] == [
            {
                "id": 0,
                "channel": 0,
                "role": "agent",
                "start_ms": 0,
                "end_ms": 1_000,
                "text": "hello",
                "confidence": 0.5,
                "language": "en",
                "language_source": "engine",
                "language_confidence": None,
                "finish_reason": "length",
            }
        ]


class TestUtterances:
    @given(calls())
    def test_every_segment_is_in_exactly_one(self, said: list[Said]) -> None:
        transcript = transcript_of(*said)

        places = [place for utterance in transcript["utterances"] for place in utterance["segments"]]
        assert places == [segment["id"] for segment in transcript["segments"]]

    @given(calls())
    def test_belong_to_one_party_and_span_its_segments(self, said: list[Said]) -> None:
        transcript = transcript_of(*said)

        for utterance in transcript["utterances"]:
            parts = [transcript["segments"][place] for place in utterance["segments"]]
            assert {part["channel"] for part in parts} == {utterance["channel"]}
            assert utterance["start_ms"] == min(part["start_ms"] for part in parts)
            assert utterance["end_ms"] == max(part["end_ms"] for part in parts)

    def test_pool_the_confidence_of_their_tokens(self) -> None:
        transcript = transcript_of(
            Said(0, 0, 1_000, "certain words here", token_logprobs=[0.0] * 3),
            Said(0, 1_000, 2_000, "hm", token_logprobs=[log(0.0016)]),
        )

        assert [utterance["confidence"] for utterance in transcript["utterances"]] == [0.2]

    def test_keep_talk_that_overlaps(self) -> None:
        transcript = transcript_of(Said(0, 0, 5_000, "Let me explain"), Said(1, 4_000, 6_000, "Wait"))

        spans = [(each["start_ms"], each["end_ms"]) for each in transcript["utterances"]]
        assert spans == [(0, 5_000), (4_000, 6_000)]


class TestRoles:
    def test_are_those_that_the_caller_gave(self) -> None:
        transcript = transcript_of(
            Said(0, 0, 900, "yes"), Said(1, 950, 990, "no"), roles={"1": "agent", "0": "customer"}
        )

        assert [channel["role"] for channel in transcript["channels"]] == ["customer", "agent"]
        assert [segment["role"] for segment in transcript["segments"]] == ["customer", "agent"]
        assert [utterance["role"] for utterance in transcript["utterances"]] == ["customer", "agent"]

    def test_are_never_invented(self) -> None:
        transcript = transcript_of(Said(0, 0, 900, "yes"), Said(1, 950, 990, "no"))

        assert [channel["role"] for channel in transcript["channels"]] == [None, None]
        assert [utterance["role"] for utterance in transcript["utterances"]] == [None, None]


class TestLanguage:
    def test_is_the_one_with_most_speech(self) -> None:
        transcript = transcript_of(
            Said(0, 0, 20_000, "short of speech", speech_ms=[0, 1_000], language="en"),
            Said(0, 20_000, 40_000, "again", speech_ms=[20_000, 21_000], language="en"),
            Said(1, 0, 10_000, "你好", speech_ms=[0, 3_000], language="zh"),
        )

        assert (transcript["language"], transcript["language_source"]) == ("zh", "engine")
        assert transcript["language_confidence"] is None

    def test_is_unknown_if_no_engine_named_it_and_the_text_does_not_show_it(self) -> None:
        transcript = transcript_of(Said(0, 0, 900, "hello", language=None))

        assert (transcript["language"], transcript["language_source"]) == (None, None)

    def test_is_not_taken_from_chunks_without_text(self) -> None:
        transcript = transcript_of(Said(0, 0, 9_000, "", language="nn"), Said(1, 0, 900, "hello"))

        assert transcript["language"] == "en"


class TestScript:
    def test_is_that_of_all_chinese_in_the_call_and_of_nothing_else(self) -> None:
        said = heard(
            Said(0, 0, 900, "請問有什麼可以幫您？", language="zh"),
            Said(1, 900, 1_800, "我想查询账单", language="zh"),
            Said(0, 1_800, 2_700, "東京、発売", language="ja"),
        )
        row = job(script=ChineseScript.HANS)

        transcript = from_json(assemble(row, Recording(duration_ms=2_700), channels(2), said))

        assert [each["text"] for each in transcript["segments"]] == [
            "请问有什么可以帮您？",
            "我想查询账单",
            "東京、発売",
        ]
        assert transcript["text"] == "请问有什么可以帮您？\n我想查询账单\n東京、発売"
        assert transcript["options"]["script"] == "hans"

    def test_is_as_the_engine_wrote_it_unless_asked_for(self) -> None:
        text = "請問有什么可以帮您？"

        assert transcript_of(Said(0, 0, 900, text, language="zh"))["text"] == text


class TestCall:
    def test_a_silent_one_is_an_empty_transcript(self) -> None:
        silent = [Channel(index=0, duration_ms=8_000, speech_ms=0)]

        transcript = from_json(assemble(job(), Recording(duration_ms=8_000), silent, []))

        assert (transcript["text"], transcript["segments"], transcript["utterances"]) == ("", [], [])
        assert transcript["engine"] == {"version": None, "dtype": None}
        assert [warning["code"] for warning in transcript["warnings"]] == ["no_speech"]

    def test_its_channels_are_told_in_order(self) -> None:
        rows = [
            Channel(index=1, duration_ms=7_900, speech_ms=2_000),
            Channel(index=0, duration_ms=8_000, speech_ms=4_000),
        ]

        transcript = from_json(assemble(job(roles={"0": "agent"}), Recording(duration_ms=8_000), rows, []))

        assert transcript["channels"] == [
            {"index": 0, "role": "agent", "duration_ms": 8_000, "speech_ms": 4_000, "findings": []},
            {"index": 1, "role": None, "duration_ms": 7_900, "speech_ms": 2_000, "findings": []},
        ]

    def test_its_channels_have_what_was_found_about_them(self) -> None:
        rows = [Channel(index=0, duration_ms=9, speech_ms=9, findings=[finding(FindingCode.BLEED)])]

        transcript = from_json(assemble(job(), Recording(duration_ms=9), rows, []))

        assert transcript["channels"][0]["findings"] == [finding(FindingCode.BLEED)]

    def test_nobody_has_a_role_where_both_channels_are_alike(self) -> None:
        twins = channels(2)
        for channel in twins:
            channel.findings = [finding(FindingCode.DUAL_MONO)]
        said = heard(Said(0, 0, 900, "hello"))

        transcript = from_json(
            assemble(job(roles={"0": "agent", "1": "customer"}), Recording(duration_ms=900), twins, said)
        )

        assert [channel["role"] for channel in transcript["channels"]] == [None, None]
        assert (transcript["segments"][0]["role"], transcript["utterances"][0]["role"]) == (None, None)
        assert transcript["options"]["roles"] == {"0": "agent", "1": "customer"}

    def test_it_is_as_long_as_its_longest_channel_if_nothing_else_says(self) -> None:
        rows = [*channels(1, duration_ms=20_500), *channels(1, duration_ms=20_000)]

        transcript = from_json(assemble(job(), Recording(duration_ms=None), rows, []))

        assert transcript["duration_ms"] == 20_500

    def test_the_options_in_effect_are_echoed(self) -> None:
        row = job(roles={"0": "agent"}, language="zh")

        transcript = from_json(assemble(row, Recording(duration_ms=60_000), channels(1), []))

        assert transcript["options"] == {
            "model": "scripted",
            "language": "zh",
            "script": "as_is",
            "lane": "bulk",
            "roles": {"0": "agent"},
        }

    def test_the_engine_that_heard_most_chunks_is_named(self) -> None:
        transcript = transcript_of(
            Said(0, 0, 900, "one", engine_version="a 2"),
            Said(0, 900, 1_800, "two", engine_version="a 1"),
            Said(0, 1_800, 2_700, "three", engine_version="a 1"),
        )

        assert transcript["engine"] == {"version": "a 1", "dtype": "float32"}

    def test_its_content_is_plain_json(self) -> None:
        content = assemble(job(), Recording(duration_ms=60_000), channels(2), heard(Said(0, 0, 900, "hi")))

        assert json.loads(json.dumps(content)) == content


class TestTimings:
    def test_say_how_long_the_job_stood_where(self) -> None:
        assert transcript_of()["timings_ms"] == {
            "queued": 1_000,
            "preparing": 2_000,
            "waiting": 4_000,
            "transcribing": 8_000,
        }

    def test_are_unknown_for_stages_that_were_never_entered(self) -> None:
        row = job()
        row.recognizing_at = None
        row.transcribed_at = NOON + timedelta(seconds=3)

        timings = from_json(assemble(row, Recording(duration_ms=1_000), channels(1), []))["timings_ms"]

        assert timings == {"queued": 1_000, "preparing": 2_000, "waiting": None, "transcribing": None}


def _letters(text: str) -> Counter[str]:
    return Counter("".join(text.split()))
