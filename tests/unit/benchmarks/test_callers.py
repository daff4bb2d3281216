"""Calls to make a backlog of."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import soundfile

from benchmarks.callers import LONGEST_S, OWNERS, SHORTEST_S, planned_calls
from benchmarks.recordings import write_piece


class TestPlannedCalls:
    def test_are_the_same_each_time(self) -> None:
        assert planned_calls(20) == planned_calls(20)

    def test_come_from_owners_of_very_different_sizes(self) -> None:
        sizes = Counter(call.owner for call in planned_calls(2000))

        assert [owner for owner, _ in sizes.most_common()] == list(range(1, OWNERS + 1))
        assert sizes[1] > 4 * sizes[OWNERS]

    def test_have_every_length_and_lane(self) -> None:
        calls = planned_calls(500)

        assert min(call.seconds for call in calls) < SHORTEST_S + 2
        assert max(call.seconds for call in calls) > LONGEST_S - 2
        assert {call.lane for call in calls} == {"live", "bulk"}


class TestPieces:
    def test_have_their_length_even_beyond_the_end_of_the_sample(self, tmp_path: Path) -> None:
        path = write_piece(tmp_path / "call.wav", start=40.0, seconds=30.0)

        piece = soundfile.info(path)
        assert (piece.duration, piece.channels) == (30.0, 2)
