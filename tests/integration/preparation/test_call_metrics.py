"""The metrics of the sample calls as voice activity hears them, held against their notes."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import pytest

from benchmarks.call_metrics import heard
from tests.integration.preparation.calls import NAMES, recording_of, turns_of
from workers.finishing.metrics.measuring import measure
from workers.preparation.decoder.nursery import Nursery


@pytest.mark.parametrize("name", NAMES)
class TestSampleCall:
    def test_has_the_turns_of_its_notes(self, name: str, nursery: Nursery, tmp_path: Path) -> None:
        metrics = measure(heard(recording_of(name), nursery, workdir=tmp_path))

        turns, notes = metrics["turns"] or [], turns_of(name)
        assert [turn["channel"] for turn in turns] == [note.channel for note in notes]
        errors = [
            abs(error)
            for turn, note in zip(turns, notes, strict=True)
            for error in (turn["start_ms"] - note.start_ms, turn["end_ms"] - note.end_ms)
        ]
        assert median(errors) < 150

    def test_has_no_interruption(self, name: str, nursery: Nursery, tmp_path: Path) -> None:
        """Its parties only brush."""
        metrics = measure(heard(recording_of(name), nursery, workdir=tmp_path))

        assert metrics["interruptions"] == []
        assert [channel["backchannels"] for channel in metrics["channels"]] == [0, 0]

    def test_overlaps_only_where_its_notes_do(self, name: str, nursery: Nursery, tmp_path: Path) -> None:
        """By less: the notes have the silence around each voice in their turns."""
        metrics = measure(heard(recording_of(name), nursery, workdir=tmp_path))

        first, second = ([turn for turn in turns_of(name) if turn.channel == channel] for channel in (0, 1))
        noted = [
            (max(one.start_ms, other.start_ms), min(one.end_ms, other.end_ms))
            for one in first
            for other in second
            if max(one.start_ms, other.start_ms) < min(one.end_ms, other.end_ms)
        ]
        assert metrics["overlaps"]
        for overlap in metrics["overlaps"]:
            assert any(start <= overlap["start_ms"] and overlap["end_ms"] <= end + 60 for start, end in noted)
