from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.channel_finding import Severity
from tests.unit.preparation.findings.hearing import Wave, heard, silence, voice
from workers.preparation.findings.clipping import count_runs, find_clipping

FULL = 32_767


def driven(decibels: float, *, seconds: float = 5) -> Wave:
    """A voice so far beyond full scale."""
    wave = voice(5, seconds=seconds)
    return wave * (10 ** (decibels / 20) / float(np.abs(wave).max()))


class TestClipping:
    @pytest.mark.parametrize("headroom", [0, 1, 20])
    def test_is_not_found_where_nothing_is_cut(self, headroom: float, tmp_path: Path) -> None:
        [channel] = heard(tmp_path, driven(-headroom))

        assert find_clipping(channel) is None

    def test_is_found_and_is_worse_the_more_is_cut(self, tmp_path: Path) -> None:
        little, much = heard(tmp_path, driven(6), driven(15))

        found = find_clipping(little), find_clipping(much)

        assert found[0] is not None
        assert found[1] is not None
        assert found[0].measures["clipped_percent"] < found[1].measures["clipped_percent"]
        assert found[1].severity is Severity.WARNING

    def test_tells_the_share_of_speech_on_top(self, tmp_path: Path) -> None:
        wave = np.clip(driven(12), -1, 1)
        [channel] = heard(tmp_path, np.concatenate([silence(30), wave]))

        found = find_clipping(channel)

        # Of all on top, what comes in runs: most of it.
        on_top = 100 * float(np.mean(np.abs(wave) >= 0.98))
        assert found is not None
        assert 0.5 * on_top < found.measures["clipped_percent"] <= on_top * 1.01

    def test_is_found_below_full_scale_too(self, tmp_path: Path) -> None:
        [channel] = heard(tmp_path, 0.3 * np.clip(driven(12), -1, 1))

        found = find_clipping(channel)

        assert found is not None
        assert found.measures["ceiling_dbfs"] == pytest.approx(-10.5, abs=0.2)

    def test_costs_no_more_for_a_long_call(self, tmp_path: Path) -> None:
        short, long = heard(tmp_path, driven(12), driven(12, seconds=60))

        found = find_clipping(short), find_clipping(long)

        assert found[0] is not None
        assert found[1] is not None
        assert found[1].measures["clipped_percent"] == pytest.approx(
            found[0].measures["clipped_percent"], rel=0.2
        )

    def test_is_not_looked_for_where_nobody_speaks(self, tmp_path: Path) -> None:
        [channel] = heard(tmp_path, np.clip(driven(15), -1, 1), speech=[False])

        assert find_clipping(channel) is None


class TestRuns:
    @pytest.mark.parametrize(
        ("samples", "expected"),
        [
            ([0, FULL, FULL, 0], (0, 0)),
            ([0, FULL, FULL, FULL], (3, 1)),
            ([-32_768] * 4, (4, 1)),
            ([FULL, FULL, FULL, 0, -FULL, -FULL, -FULL, -FULL], (7, 2)),
        ],
    )
    def test_are_three_or_more_in_a_row(self, samples: list[int], expected: tuple[int, int]) -> None:
        assert count_runs(np.array([samples], np.int16), 0.98) == expected

    def test_end_with_their_window(self) -> None:
        windows = np.full((2, 2), FULL, np.int16)

        assert count_runs(windows, 0.98) == (0, 0)
