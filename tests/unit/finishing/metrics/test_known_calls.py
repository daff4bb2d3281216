"""Calls of which the truth is known: what is measured agrees with it."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from statistics import median
from typing import Final

import pytest
from typing_extensions import TypedDict

from models.metrics_content import MetricsContent, TimeSpan
from tests.unit.finishing.metrics.conversations import ROLES
from tests.unit.finishing.metrics.scripts import Script, written
from workers.finishing.metrics.call import Call, Voice
from workers.finishing.metrics.interruptions import Interruption
from workers.finishing.metrics.measuring import measure
from workers.finishing.metrics.responses import nearest_rank
from workers.finishing.metrics.spans import Span, total_ms
from workers.finishing.metrics.turns import Turn

SAMPLES: Final = Path(__file__).parents[4] / "samples"
SCRIPTS: Final = [written(seed) for seed in range(120)]
INEXACT_MS: Final = 60
"""By how much edges are moved: two windows of voice activity."""


class Note(TypedDict):
    """A turn, as a sample's notes tell it."""

    channel: int
    speaker: str
    start: float
    end: float
    text: str


def turns_in(metrics: MetricsContent) -> list[Turn]:
    return [Turn(turn["channel"], span_of(turn)) for turn in metrics["turns"] or []]


def interruptions_in(metrics: MetricsContent) -> list[Interruption]:
    return [
        Interruption(each["by"], each["on"], span_of(each), each["overlap_ms"], each["took_turn"])
        for each in metrics["interruptions"] or []
    ]


def span_of(told: TimeSpan) -> Span:
    return Span(told["start_ms"], told["end_ms"])


def inexact(script: Script, random: Random) -> Call:
    """The same call as a voice activity might find it."""

    def near(at: int) -> int:
        return max(0, at + random.randint(-INEXACT_MS, INEXACT_MS))

    voices = [
        Voice(index, ROLES[index], [Span(near(span.start_ms), near(span.end_ms)) for span in spans])
        for index, spans in enumerate(script.speech)
    ]
    return Call(script.duration_ms, voices)


def noted(name: str) -> list[Note]:
    notes: list[Note] = json.loads((SAMPLES / f"{name}.json").read_text())["turns"]
    return notes


class TestScripts:
    def test_have_some_of_everything(self) -> None:
        assert sum(len(script.turns) for script in SCRIPTS) > 1_000
        assert sum(sum(script.backchannels) for script in SCRIPTS) > 100
        assert sum(each.took_turn for script in SCRIPTS for each in script.interruptions) > 100
        assert sum(not each.took_turn for script in SCRIPTS for each in script.interruptions) > 100
        assert sum(len(script.dead_air) for script in SCRIPTS) > 100

    def test_turns_are_found(self) -> None:
        for script in SCRIPTS:
            assert turns_in(measure(script.call)) == script.turns

    def test_interruptions_are_found_and_told_from_backchannels(self) -> None:
        for script in SCRIPTS:
            metrics = measure(script.call)

            assert interruptions_in(metrics) == sorted(script.interruptions, key=lambda each: each.span)
            assert [channel["backchannels"] for channel in metrics["channels"]] == script.backchannels

    def test_overlaps_and_dead_air_are_found(self) -> None:
        for script in SCRIPTS:
            metrics = measure(script.call)

            assert [span_of(each) for each in metrics["overlaps"] or []] == sorted(script.overlaps)
            assert [span_of(each) for each in metrics["dead_air"]] == script.dead_air

    def test_talk_is_found(self) -> None:
        for script in SCRIPTS:
            talk = [channel["talk_ms"] for channel in measure(script.call)["channels"]]

            assert talk == [total_ms(spans) for spans in script.speech]

    def test_answers_are_timed(self) -> None:
        for script in SCRIPTS:
            for channel, delays in zip(measure(script.call)["channels"], script.delays, strict=True):
                assert channel["responses"] == {
                    "count": len(delays),
                    "median_ms": nearest_rank(delays, 50),
                    "p95_ms": nearest_rank(delays, 95),
                    "max_ms": max(delays, default=None),
                }


class TestInexactSpeech:
    def test_leaves_every_turn_and_interruption_where_it_is(self) -> None:
        random = Random(5)  # noqa: S311 - no secret
        for script in SCRIPTS:
            metrics = measure(inexact(script, random))

            turns = turns_in(metrics)
            assert [turn.channel for turn in turns] == [turn.channel for turn in script.turns]
            for turn, true in zip(turns, script.turns, strict=True):
                assert abs(turn.span.start_ms - true.span.start_ms) <= INEXACT_MS
                assert abs(turn.span.end_ms - true.span.end_ms) <= INEXACT_MS
            told = [(each.by, each.on, each.took_turn) for each in interruptions_in(metrics)]
            true_ones = sorted(script.interruptions, key=lambda each: each.span)
            assert told == [(each.by, each.on, each.took_turn) for each in true_ones]

    def test_changes_the_overlap_of_a_call_by_less_than_a_tenth(self) -> None:
        random = Random(6)  # noqa: S311 - no secret
        errors = [
            abs((measure(inexact(script, random))["overlap_ms"] or 0) - total_ms(script.overlaps))
            / total_ms(script.overlaps)
            for script in SCRIPTS
            if script.overlaps
        ]

        assert median(errors) < 0.1


class TestSamples:
    """As their notes tell them; voice activity hears them in tests/integration/preparation."""

    @pytest.mark.parametrize("name", ["call_en", "call_zh"])
    def test_turns_are_those_of_the_notes(self, name: str) -> None:
        notes = noted(name)
        turns = [
            Turn(note["channel"], Span(round(note["start"] * 1000), round(note["end"] * 1000)))
            for note in notes
        ]
        voices = [
            Voice(
                channel,
                ROLES[channel],
                [turn.span for turn in turns if turn.channel == channel],
                [note["text"] for note in notes if note["channel"] == channel],
            )
            for channel in (0, 1)
        ]

        metrics = measure(Call(60_000, voices))

        assert turns_in(metrics) == turns
        assert [turn["role"] for turn in metrics["turns"] or []] == [note["speaker"] for note in notes]
        assert [span_of(each).duration_ms for each in metrics["overlaps"] or []] == [250, 250, 250]
        assert (metrics["interruptions"], metrics["overlap_ms"]) == ([], 750)
        assert [channel["responses"] for channel in metrics["channels"]] == [
            {"count": 3, "median_ms": 500, "p95_ms": 500, "max_ms": 500},
            {"count": 4, "median_ms": -250, "p95_ms": 500, "max_ms": 500},
        ]

    def test_pace_is_counted_as_their_language_is_written(self) -> None:
        english, mandarin = (
            [note["text"] for note in noted(name) if note["channel"] == 0] for name in ("call_en", "call_zh")
        )

        paces = [
            measure(Call(60_000, [Voice(0, "agent", [Span(0, 20_000)], texts)]))["channels"][0]["pace"]
            for texts in (english, mandarin)
        ]

        assert [(pace["unit"], pace["count"]) for pace in paces] == [("words", 71), ("characters", 98)]
