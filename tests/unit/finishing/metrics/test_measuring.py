from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.metrics_content import MetricsContent
from tests.unit.finishing.metrics.conversations import MINUTE, call, calls, measured, spans
from workers.finishing.metrics.call import Call, Voice
from workers.finishing.metrics.measuring import measure
from workers.finishing.metrics.spans import Span
from workers.finishing.metrics.thresholds import THRESHOLDS, Thresholds

PLACES: Final = ("start_ms", "end_ms", "first_speech_ms")
"""Names of figures that say when; all others that end in `_ms` say how long."""


def moved(original: Call, move: Callable[[int], int]) -> Call:
    """Every edge of every span, and the end of the recording, somewhere else."""
    voices = [
        replace(voice, speech=[Span(move(span.start_ms), move(span.end_ms)) for span in voice.speech])
        for voice in original.voices
    ]
    return Call(move(original.duration_ms), voices)


def changed(value: object, change: Callable[[str, object], object], name: str = "") -> object:
    """A figure, or all figures in a structure, changed by name."""
    if isinstance(value, dict):
        return {key: changed(each, change, key) for key, each in value.items()}
    if isinstance(value, list):
        return [changed(each, change, name) for each in value]
    return change(name, value)


class TestDeadAir:
    @pytest.mark.parametrize(("silent_ms", "count"), [(9_999, 0), (10_000, 1)])
    def test_is_a_silence_of_all_parties_that_is_long(self, silent_ms: int, count: int) -> None:
        metrics = measured([(0, 1_000)], [(1_000 + silent_ms, MINUTE)])

        assert len(metrics["dead_air"]) == count
        assert metrics["dead_air_ms"] == count * silent_ms

    def test_counts_at_both_ends_of_the_recording(self) -> None:
        metrics = measured([(20_000, 30_000)], [])

        assert metrics["dead_air"] == [
            {"start_ms": 0, "end_ms": 20_000},
            {"start_ms": 30_000, "end_ms": MINUTE},
        ]

    def test_is_none_while_anybody_speaks(self) -> None:
        assert measured([(0, 1_000), (59_000, MINUTE)], [(1_000, 59_000)])["dead_air"] == []

    @given(calls(), st.integers(1, MINUTE), st.integers(0, MINUTE))
    def test_a_higher_threshold_finds_no_new_one(self, call: Call, low_ms: int, more_ms: int) -> None:
        low = measure(call, replace(THRESHOLDS, dead_air_ms=low_ms))["dead_air"]
        high = measure(call, replace(THRESHOLDS, dead_air_ms=low_ms + more_ms))["dead_air"]

        assert [each for each in high if each not in low] == []


class TestParties:
    def test_share_the_talk(self) -> None:
        agent, customer = measured([(0, 6_000)], [(5_000, 7_000)])["channels"]

        assert (agent["talk_ms"], customer["talk_ms"]) == (6_000, 2_000)
        assert (agent["talk_ratio"], customer["talk_ratio"]) == (0.75, 0.25)

    def test_are_told_when_they_first_speak(self) -> None:
        agent, customer = measured([(700, 6_000)], [])["channels"]

        assert (agent["first_speech_ms"], customer["first_speech_ms"]) == (700, None)

    def test_longest_monologue_is_the_longest_turn_whatever_others_say_inside_it(self) -> None:
        agent, customer = measured([(0, 5_000), (6_000, 15_000)], [(7_000, 7_500), (16_000, 17_000)])[
            "channels"
        ]

        assert agent["longest_monologue"] == {"start_ms": 0, "end_ms": 15_000}
        assert customer["longest_monologue"] == {"start_ms": 16_000, "end_ms": 17_000}

    def test_longest_monologue_is_the_first_of_several(self) -> None:
        agent, _ = measured([(0, 5_000), (20_000, 25_000), (40_000, 41_000)], [])["channels"]

        assert agent["longest_monologue"] == {"start_ms": 0, "end_ms": 5_000}

    def test_are_named_where_one_cuts_in_on_the_other(self) -> None:
        metrics = measured([(0, 5_000)], [(4_000, 9_000)])

        assert metrics["interruptions"] == [
            {
                "start_ms": 4_000,
                "end_ms": 5_000,
                "by": 1,
                "by_role": "customer",
                "on": 0,
                "on_role": "agent",
                "overlap_ms": 1_000,
                "took_turn": True,
            }
        ]
        told = [(each["interruptions_made"], each["interruptions_suffered"]) for each in metrics["channels"]]
        assert told == [(0, 1), (1, 0)]

    def test_are_named_where_they_overlap_and_take_turns(self) -> None:
        metrics = measured([(0, 5_000)], [(4_800, 9_000)])

        assert metrics["overlaps"] == [{"start_ms": 4_800, "end_ms": 5_000, "channels": [0, 1]}]
        assert metrics["turns"] == [
            {"start_ms": 0, "end_ms": 5_000, "channel": 0, "role": "agent"},
            {"start_ms": 4_800, "end_ms": 9_000, "channel": 1, "role": "customer"},
        ]

    def test_pace_is_of_their_own_talk(self) -> None:
        voice = Voice(0, "agent", spans([(0, 10_000), (20_000, 30_000)]), ["one two three", "four five"])

        (agent,) = measure(Call(MINUTE, [voice]))["channels"]

        assert agent["pace"] == {"unit": "words", "count": 5, "per_minute": 15.0}

    @given(calls(fewest=2))
    def test_ratios_add_up_to_one(self, call: Call) -> None:
        ratios = [channel["talk_ratio"] for channel in measure(call)["channels"]]

        told = [ratio for ratio in ratios if ratio is not None]
        assert told == [] or sum(told) == pytest.approx(1, abs=0.0001 * len(told))

    @given(calls(fewest=2))
    def test_interruptions_are_made_as_often_as_suffered(self, call: Call) -> None:
        metrics = measure(call)

        made = [each["interruptions_made"] for each in metrics["channels"]]
        suffered = [each["interruptions_suffered"] for each in metrics["channels"]]
        assert sum(filter(None, made)) == sum(filter(None, suffered)) == len(metrics["interruptions"] or [])


class TestRoles:
    def test_have_the_figures_of_their_channel(self) -> None:
        metrics = measured([(0, 6_000)], [(5_000, 7_000)])

        for channel, role in zip(metrics["channels"], metrics["roles"] or [], strict=True):
            assert role == {
                **{name: figure for name, figure in channel.items() if name != "index"},
                "channels": [channel["index"]],
            }

    def test_of_several_channels_are_pooled(self) -> None:
        speech = [(0, 6_000)], [(6_200, 8_000)], [(8_200, 9_200)]

        metrics = measure(call(*speech, roles=["agent", "customer", "agent"]))

        agent, customer = metrics["roles"] or []
        assert (agent["channels"], customer["channels"]) == ([0, 2], [1])
        assert (agent["talk_ms"], agent["turns"], agent["talk_ratio"]) == (7_000, 2, 0.7955)
        assert agent["responses"] == {"count": 1, "median_ms": 200, "p95_ms": 200, "max_ms": 200}

    def test_that_nobody_gave_are_not_known(self) -> None:
        metrics = measure(call([(0, 6_000)], [(5_000, 7_000)], roles=[None, None]))

        assert (metrics["roles"], metrics["parties"]) == (None, "channels")
        assert [each["talk_ratio"] for each in metrics["channels"]] == [0.75, 0.25]

    def test_a_channel_without_one_is_in_none(self) -> None:
        metrics = measure(call([(0, 6_000)], [(5_000, 7_000)], roles=[None, "customer"]))

        assert [(role["role"], role["talk_ratio"]) for role in metrics["roles"] or []] == [("customer", 0.25)]


class TestMono:
    def test_without_a_role_its_parties_are_not_told_apart(self) -> None:
        metrics = measure(call([(0, 6_000), (6_500, 9_000)], roles=[None]))

        assert (metrics["parties"], metrics["talk_ms"], metrics["silence_ms"]) == ("unknown", 8_500, 51_500)
        assert (metrics["roles"], metrics["turns"], metrics["overlaps"]) == (None, None, None)
        assert (metrics["interruptions"], metrics["overlap_ms"]) == (None, None)
        assert metrics["channels"] == [
            {
                "index": 0,
                "role": None,
                "talk_ms": 8_500,
                "first_speech_ms": 0,
                "pace": {"unit": "words", "count": 0, "per_minute": 0.0},
                "level_dbfs": None,
                "talk_ratio": None,
                "turns": None,
                "longest_monologue": None,
                "responses": None,
                "interruptions_made": None,
                "interruptions_suffered": None,
                "backchannels": None,
            }
        ]

    def test_with_a_role_is_one_party(self) -> None:
        metrics = measure(call([(0, 6_000)], roles=["agent"]))

        assert metrics["parties"] == "channels"
        assert [(role["role"], role["talk_ratio"]) for role in metrics["roles"] or []] == [("agent", 1.0)]

    def test_beside_a_silent_channel_is_no_better_known(self) -> None:
        assert measure(call([(0, 6_000)], [], roles=[None, None]))["parties"] == "unknown"
        assert measure(call([(0, 6_000)], [], roles=["agent", None]))["parties"] == "channels"

    def test_in_which_nobody_speaks_is_no_better_known(self) -> None:
        assert measure(call([], roles=[None]))["parties"] == "unknown"
        assert measure(call([], [], roles=[None, None]))["parties"] == "channels"


class TestSilence:
    @pytest.mark.parametrize("channels", [1, 2, 3])
    def test_has_figures_of_nothing(self, channels: int) -> None:
        metrics = measured(*[[]] * channels)

        assert (metrics["talk_ms"], metrics["silence_ms"], metrics["dead_air_ms"]) == (0, MINUTE, MINUTE)
        assert (metrics["turns"], metrics["overlaps"], metrics["interruptions"]) == ([], [], [])
        for channel in metrics["channels"]:
            assert (channel["talk_ms"], channel["talk_ratio"], channel["longest_monologue"]) == (
                0,
                None,
                None,
            )
            assert channel["responses"] == {"count": 0, "median_ms": None, "p95_ms": None, "max_ms": None}
            assert channel["pace"]["per_minute"] is None

    def test_of_no_length_is_measured_as_well(self) -> None:
        metrics = measured([], [], duration_ms=0)

        assert (metrics["talk_ms"], metrics["silence_ms"], metrics["dead_air"]) == (0, 0, [])


class TestConservation:
    @given(calls())
    def test_somebody_or_nobody_speaks_at_any_time(self, call: Call) -> None:
        metrics = measure(call)

        assert metrics["talk_ms"] + metrics["silence_ms"] == call.duration_ms

    @given(calls(fewest=2, most=2))
    def test_two_parties_talk_together_what_each_talks_but_for_the_overlap(self, call: Call) -> None:
        metrics = measure(call)

        if metrics["overlap_ms"] is not None:
            of_each = sum(channel["talk_ms"] for channel in metrics["channels"])
            assert of_each - metrics["overlap_ms"] == metrics["talk_ms"]


class TestSymmetry:
    @given(calls(fewest=2, most=2, apart=True))
    def test_swapped_channels_have_each_others_figures(self, call: Call) -> None:
        left, right = call.voices
        swapped = Call(call.duration_ms, [replace(right, channel=0), replace(left, channel=1)])

        def swap(name: str, value: object) -> object:
            swaps = name in {"index", "by", "on", "channel"} and isinstance(value, int)
            return 1 - value if swaps and isinstance(value, int) else value

        expected = changed(measure(call), swap)

        assert isinstance(expected, dict)
        assert measure(swapped) == {
            **expected,
            "channels": expected["channels"][::-1],
            "roles": [
                {**role, "channels": [1 - index for index in role["channels"]]}
                for role in expected["roles"][::-1]
            ],
        }

    @given(calls(), st.integers(1, 5 * MINUTE))
    def test_what_comes_later_is_the_same_later(self, call: Call, shift_ms: int) -> None:
        def later(name: str, value: object) -> object:
            return value + shift_ms if name in PLACES and isinstance(value, int) else value

        shifted = Call(call.duration_ms + shift_ms, moved(call, lambda at: at + shift_ms).voices)

        assert _without_silence(measure(shifted)) == changed(_without_silence(measure(call)), later)

    @given(calls(), st.integers(2, 7))
    def test_at_another_scale_all_times_are_so_much_longer(self, call: Call, factor: int) -> None:
        def longer(name: str, value: object) -> object:
            return value * factor if name.endswith("_ms") and isinstance(value, int) else value

        scaled = Thresholds(*[getattr(THRESHOLDS, each.name) * factor for each in fields(THRESHOLDS)])

        expected = changed({**measure(call), "thresholds_ms": None}, longer)

        assert {**measure(moved(call, lambda at: at * factor), scaled), "thresholds_ms": None} == expected

    @given(calls())
    def test_the_same_speech_in_other_spans_changes_nothing(self, call: Call) -> None:
        pieces = [
            replace(voice, speech=[piece for span in voice.speech for piece in _cut(span)])
            for voice in call.voices
        ]

        assert measure(Call(call.duration_ms, pieces[::-1])) == measure(call)


class TestMonotony:
    @given(calls(fewest=2), st.integers(0, MINUTE), st.integers(1, 9_000))
    def test_more_speech_is_never_less_talk(self, call: Call, start_ms: int, length_ms: int) -> None:
        first, *others = call.voices
        more = replace(first, speech=[*first.speech, Span(start_ms, start_ms + length_ms)])

        before, after = measure(call), measure(Call(call.duration_ms, [more, *others]))

        assert after["channels"][0]["talk_ms"] >= before["channels"][0]["talk_ms"]
        assert after["channels"][1]["talk_ms"] == before["channels"][1]["talk_ms"]
        assert (after["overlap_ms"] or 0) >= (before["overlap_ms"] or 0)
        assert after["silence_ms"] <= before["silence_ms"]
        assert after["dead_air_ms"] <= before["dead_air_ms"]


class TestThresholds:
    def test_are_told(self) -> None:
        assert measured([], [])["thresholds_ms"] == {
            "dead_air": 10_000,
            "turn_pause": 2_000,
            "stretch_pause": 500,
            "backchannel": 1_000,
            "interruption": 500,
            "together": 200,
        }


def _without_silence(metrics: MetricsContent) -> dict[str, object]:
    """The silence before the first word is what a later beginning makes longer."""
    return {
        name: each for name, each in metrics.items() if name not in {"silence_ms", "dead_air", "dead_air_ms"}
    }


def _cut(span: Span) -> list[Span]:
    """In two that touch, and a part of it once more."""
    middle = (span.start_ms + span.end_ms) // 2
    return [Span(middle, span.end_ms), Span(span.start_ms, middle), Span(span.start_ms, middle)]
