from __future__ import annotations

import io

import pytest
from rich.console import Console

from cli.clock import clock
from cli.dialogue import overlapping, print_dialogue
from client import Transcript, Utterance
from tests.unit.cli.scripted_api import transcript


def printed(content: dict[str, object], *, colours: bool = False) -> list[str]:
    """Lines of the dialogue on a terminal of a hundred columns."""
    console = Console(
        file=io.StringIO(), width=100, force_terminal=colours, color_system="standard" if colours else None
    )
    print_dialogue(console, Transcript.model_validate(content), title="call.wav")
    file = console.file
    assert isinstance(file, io.StringIO)
    return [line.rstrip() for line in file.getvalue().splitlines()]


def utterance(channel: int, start_ms: int, end_ms: int, text: str = "yes") -> Utterance:
    return Utterance(channel=channel, role=None, start_ms=start_ms, end_ms=end_ms, text=text)


class TestDialogue:
    def test_says_who_said_what_when(self) -> None:
        assert printed(transcript()) == [
            "call.wav · 1:01.2 · en · whisper-base",
            "0:00.3 agent       How can I help?",
            "0:05.3 customer // My bill is wrong.",
            "// begun while the other party still spoke",
        ]

    def test_gives_each_channel_its_colour(self) -> None:
        _, agent, customer, _ = printed(transcript(), colours=True)

        assert "\x1b[36mHow can I help?" in agent
        assert "\x1b[35mMy bill is wrong." in customer

    def test_names_channels_whose_role_is_unknown(self) -> None:
        said = [utterance(1, 0, 900).model_dump()]

        assert printed(transcript() | {"utterances": said})[1].split() == ["0:00.0", "channel", "1", "yes"]

    def test_names_nobody_in_a_mono_recording(self) -> None:
        mono = {"channels": [{"index": 0, "role": None}], "utterances": [utterance(0, 0, 900).model_dump()]}

        assert printed(transcript() | mono)[1].split() == ["0:00.0", "yes"]

    def test_a_text_is_neither_markup_nor_a_command_to_the_terminal(self) -> None:
        said = [utterance(0, 0, 900, "[red]\x1b[2Jwipe\x07").model_dump()]

        assert printed(transcript() | {"utterances": said})[1].endswith("[red] [2Jwipe")

    def test_a_long_text_without_spaces_is_not_cut(self) -> None:
        text = "我已经为您提交了退款申请，两个工作日之内会有同事联系您。" * 5
        said = [utterance(0, 0, 900, text).model_dump()]

        lines = printed(transcript() | {"utterances": said})[1:]

        assert text in "".join(line.split()[-1] for line in lines)

    def test_says_so_when_nobody_speaks(self) -> None:
        assert printed(transcript() | {"utterances": []})[1:] == ["Nobody speaks."]

    def test_ends_with_the_warnings(self) -> None:
        warned = {"warnings": [{"code": "no_speech", "message": "No speech was found on channel 1."}]}

        assert printed(transcript() | warned)[-1] == "! No speech was found on channel 1."


class TestOverlap:
    def test_is_what_begins_before_another_party_has_ended(self) -> None:
        said = [utterance(0, 0, 5_000), utterance(1, 4_999, 9_000), utterance(0, 9_000, 9_500)]

        assert overlapping(said) == [False, True, False]

    def test_lasts_as_long_as_the_longest_turn(self) -> None:
        said = [utterance(0, 0, 9_000), utterance(1, 1_000, 2_000), utterance(1, 3_000, 4_000)]

        assert overlapping(said) == [False, True, True]

    def test_nobody_overlaps_with_oneself(self) -> None:
        assert overlapping([utterance(0, 0, 5_000), utterance(0, 4_000, 6_000)]) == [False, False]


class TestClock:
    @pytest.mark.parametrize(
        ("milliseconds", "shown"),
        [
            (0, "0:00.0"),
            (59_999, "0:59.9"),
            (61_250, "1:01.2"),
            (3_600_000, "1:00:00.0"),
            (36_065_400, "10:01:05.4"),
        ],
    )
    def test_reads_as_people_do(self, milliseconds: int, shown: str) -> None:
        assert clock(milliseconds) == shown
