from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.preparation.findings.hearing import Wave, delayed, heard, noise, voice
from workers.preparation.findings.blocks import read_both
from workers.preparation.findings.correlation import Match, match
from workers.preparation.findings.sampling import evenly

SECONDS = 6.0
VOICE = voice(7, seconds=SECONDS)


def matched(folder: Path, first: Wave, second: Wave) -> Match:
    blocks = read_both(heard(folder, first, second), np.arange(5))
    return match(*blocks, earliest_ms=-100, latest_ms=600)


class TestMatch:
    @pytest.mark.parametrize("lag_ms", [0, 0.0625, 0.125, 1, 33.3, 250, 555])
    def test_finds_lag_and_gain_of_a_copy(self, lag_ms: float, tmp_path: Path) -> None:
        found = matched(tmp_path, VOICE, 0.1 * delayed(VOICE, milliseconds=lag_ms))

        assert found.lag_ms == pytest.approx(lag_ms, abs=0.07)
        assert found.gain == pytest.approx(0.1, rel=0.2)
        assert found.prominence > 10

    def test_finds_one_that_comes_earlier(self, tmp_path: Path) -> None:
        found = matched(tmp_path, delayed(VOICE, milliseconds=40), VOICE)

        assert found.lag_ms == pytest.approx(-40, abs=0.07)

    def test_does_not_mind_the_sign(self, tmp_path: Path) -> None:
        found = matched(tmp_path, VOICE, -VOICE)

        assert found.lag_ms == 0
        assert found.correlation == pytest.approx(1, abs=0.01)

    def test_finds_a_copy_in_as_much_noise(self, tmp_path: Path) -> None:
        copy = 0.03 * delayed(VOICE, milliseconds=120)

        found = matched(tmp_path, VOICE, copy + noise(8, seconds=SECONDS, level_dbfs=-56))

        assert found.lag_ms == pytest.approx(120, abs=0.07)
        assert found.gain == pytest.approx(0.03, rel=0.2)

    def test_finds_nothing_in_another_voice(self, tmp_path: Path) -> None:
        found = matched(tmp_path, VOICE, voice(9, seconds=SECONDS))

        assert found.correlation < 0.12
        assert found.prominence < 6

    def test_of_silence_is_nothing(self, tmp_path: Path) -> None:
        found = matched(tmp_path, VOICE, np.zeros(len(VOICE)))

        assert (found.correlation, found.gain) == (0, 0)


class TestSampling:
    @given(st.integers(0, 500), st.integers(2, 50))
    def test_is_bounded_even_and_keeps_both_ends(self, count: int, most: int) -> None:
        chosen = evenly(np.arange(count), most)

        assert len(chosen) == min(count, most)
        assert len(set(chosen.tolist())) == len(chosen)
        if count:
            assert (chosen[0], chosen[-1]) == (0, count - 1)
            assert np.ptp(np.diff(chosen)) <= 1 if count > 1 else True
