from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass

import pytest
from hypothesis import given

from models.transcript_content import TranscriptContent, as_json
from models.transcript_forms import TranscriptForm, render
from tests.unit.finishing.calls import Said, calls, transcript_of

ROLES = {"0": "agent", "1": "customer"}

SRT_TIMES = re.compile(r"^(\d\d+):(\d\d):(\d\d),(\d\d\d) --> (\d\d+):(\d\d):(\d\d),(\d\d\d)$")
VTT_TIMES = re.compile(r"^(\d\d+):(\d\d):(\d\d)\.(\d\d\d) --> (\d\d+):(\d\d):(\d\d)\.(\d\d\d)$")


@dataclass(frozen=True)
class Cue:
    """A caption as a player reads it back."""

    start_ms: int
    end_ms: int
    text: str


def cues(blocks: str, times: re.Pattern[str]) -> list[Cue]:
    """Cues are parted by blank lines; a line of times stands before each text."""
    read = []
    for block in blocks.split("\n\n") if blocks else []:
        first, text = block.strip("\n").split("\n", maxsplit=1)
        found = times.match(first)
        assert found, first
        numbers = [int(number) for number in found.groups()]
        read.append(Cue(_milliseconds(numbers[:4]), _milliseconds(numbers[4:]), text))
    return read


def read_srt(document: str) -> list[Cue]:
    numbers = re.findall(r"(?:\A|\n\n)(\d+)\n", document)
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    return cues(re.sub(r"(\A|\n\n)\d+\n", r"\1", document), SRT_TIMES)


def read_vtt(document: str) -> list[Cue]:
    assert document.startswith("WEBVTT\n")
    return cues(document.removeprefix("WEBVTT\n").removeprefix("\n"), VTT_TIMES)


def _milliseconds(numbers: list[int]) -> int:
    hours, minutes, seconds, rest = numbers
    assert minutes < 60 > seconds
    return ((hours * 60 + minutes) * 60 + seconds) * 1_000 + rest


def _rendered(transcript: TranscriptContent, form: TranscriptForm) -> str:
    return render(as_json(transcript), form)


def _bare(text: str) -> str:
    return "".join(text.split())


class TestText:
    def test_is_a_line_for_each_utterance_with_time_and_role(self) -> None:
        transcript = transcript_of(
            Said(0, 5_900, 7_000, "Good morning."), Said(1, 3_661_000, 3_662_000, "你好。"), roles=ROLES
        )

        text = _rendered(transcript, TranscriptForm.TEXT)

        assert text == "[00:00:05] agent: Good morning.\n[01:01:01] customer: 你好。\n"

    def test_names_channels_whose_role_is_unknown(self) -> None:
        transcript = transcript_of(Said(1, 0, 1_000, "Hello."))

        assert _rendered(transcript, TranscriptForm.TEXT) == "[00:00:00] channel 1: Hello.\n"

    def test_names_nobody_in_a_mono_recording(self) -> None:
        transcript = transcript_of(Said(0, 0, 1_000, "Hello."), channel_count=1)

        assert _rendered(transcript, TranscriptForm.TEXT) == "[00:00:00] Hello.\n"

    @given(calls())
    def test_holds_every_utterance_in_order(self, said: list[Said]) -> None:
        transcript = transcript_of(*said, roles=ROLES)

        lines = _rendered(transcript, TranscriptForm.TEXT).split("\n")[:-1]

        spoken = [f"{each['role']}: {each['text']}" for each in transcript["utterances"]]
        assert [line.split("] ", maxsplit=1)[1] for line in lines] == spoken


class TestSubRip:
    def test_is_a_numbered_cue_for_each_segment(self) -> None:
        transcript = transcript_of(
            Said(0, 5_900, 7_000, "Good morning."), Said(1, 3_661_001, 3_662_000, "你好。"), roles=ROLES
        )

        assert _rendered(transcript, TranscriptForm.SRT) == (
            "1\n00:00:05,900 --> 00:00:07,000\nagent: Good morning.\n\n"
            "2\n01:01:01,001 --> 01:01:02,000\ncustomer: 你好。\n"
        )

    def test_breaks_long_texts_into_lines(self) -> None:
        transcript = transcript_of(Said(0, 0, 9_000, "word " * 20), channel_count=1)

        (cue,) = read_srt(_rendered(transcript, TranscriptForm.SRT))

        assert max(len(line) for line in cue.text.split("\n")) <= 42

    def test_a_text_cannot_pass_for_times(self) -> None:
        transcript = transcript_of(Said(0, 0, 1_000, "a --> b"), channel_count=1)

        (cue,) = read_srt(_rendered(transcript, TranscriptForm.SRT))

        assert cue.text == "a -- > b"

    def test_silence_is_an_empty_document(self) -> None:
        assert _rendered(transcript_of(), TranscriptForm.SRT) == ""

    @given(calls())
    def test_reads_back_as_the_segments(self, said: list[Said]) -> None:
        transcript = transcript_of(*said, roles=ROLES)

        read = read_srt(_rendered(transcript, TranscriptForm.SRT))

        segments = transcript["segments"]
        assert [_bare(cue.text) for cue in read] == [
            _bare(f"{each['role']}:{each['text']}") for each in segments
        ]
        assert [(cue.start_ms, cue.end_ms) for cue in read] == [
            (e["start_ms"], e["end_ms"]) for e in segments
        ]


class TestWebVtt:
    def test_is_a_cue_with_a_voice_for_each_segment(self) -> None:
        transcript = transcript_of(
            Said(0, 5_900, 7_000, "Good morning."), Said(1, 3_661_001, 3_662_000, "你好。"), roles=ROLES
        )

        assert _rendered(transcript, TranscriptForm.VTT) == (
            "WEBVTT\n\n00:00:05.900 --> 00:00:07.000\n<v agent>Good morning.\n\n"
            "01:01:01.001 --> 01:01:02.000\n<v customer>你好。\n"
        )

    def test_has_no_voices_in_a_mono_recording(self) -> None:
        transcript = transcript_of(Said(0, 0, 1_000, "Hello."), channel_count=1)

        (cue,) = read_vtt(_rendered(transcript, TranscriptForm.VTT))

        assert cue.text == "Hello."

    def test_a_text_cannot_pass_for_markup(self) -> None:
        transcript = transcript_of(Said(0, 0, 1_000, "<b> R&D --> x"), channel_count=1)

        (cue,) = read_vtt(_rendered(transcript, TranscriptForm.VTT))

        assert cue.text == "&lt;b&gt; R&amp;D --&gt; x"

    def test_a_role_cannot_pass_for_markup(self) -> None:
        transcript = transcript_of(Said(0, 0, 1_000, "Hello."), roles={"0": "a>\n\nb"})

        (cue,) = read_vtt(_rendered(transcript, TranscriptForm.VTT))

        assert cue.text == "<v a&gt; b>Hello."

    def test_a_cue_ends_after_it_begins(self) -> None:
        transcript = transcript_of(Said(0, 0, 1_000, "Hello.", speech_ms=[500, 500]))

        (cue,) = read_vtt(_rendered(transcript, TranscriptForm.VTT))

        assert (cue.start_ms, cue.end_ms) == (500, 501)

    def test_silence_is_a_document_without_cues(self) -> None:
        assert _rendered(transcript_of(), TranscriptForm.VTT) == "WEBVTT\n"

    @given(calls())
    def test_reads_back_as_the_segments(self, said: list[Said]) -> None:
        transcript = transcript_of(*said, roles=ROLES)

        read = read_vtt(_rendered(transcript, TranscriptForm.VTT))

        voices = [re.match(r"<v (\w+)>", cue.text) for cue in read]
        texts = [html.unescape(re.sub(r"^<v \w+>", "", cue.text)) for cue in read]
        segments = transcript["segments"]
        assert [voice and voice[1] for voice in voices] == [each["role"] for each in segments]
        assert [_bare(text) for text in texts] == [_bare(each["text"]) for each in segments]
        assert [(cue.start_ms, cue.end_ms) for cue in read] == [
            (e["start_ms"], e["end_ms"]) for e in segments
        ]

    @given(calls())
    def test_cues_begin_in_order(self, said: list[Said]) -> None:
        read = read_vtt(_rendered(transcript_of(*said), TranscriptForm.VTT))

        starts = [cue.start_ms for cue in read]
        assert starts == sorted(starts)


class TestJson:
    def test_is_the_content_with_its_letters_as_they_are(self) -> None:
        transcript = transcript_of(Said(0, 0, 1_000, "你好。"))

        document = _rendered(transcript, TranscriptForm.JSON)

        assert json.loads(document) == transcript
        assert "你好。" in document


class TestMediaTypes:
    @pytest.mark.parametrize(
        ("form", "media_type"),
        [
            (TranscriptForm.JSON, "application/json"),
            (TranscriptForm.TEXT, "text/plain; charset=utf-8"),
            (TranscriptForm.SRT, "application/x-subrip; charset=utf-8"),
            (TranscriptForm.VTT, "text/vtt; charset=utf-8"),
        ],
    )
    def test_each_form_has_its_own(self, form: TranscriptForm, media_type: str) -> None:
        assert form.media_type == media_type
