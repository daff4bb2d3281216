from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.preparation.findings.hearing import (
    RATE,
    delayed,
    fainter,
    heard,
    noise,
    silence,
    turns,
    voice,
)
from workers.preparation.findings.dual_mono import dual_mono, find_twins

FIRST, SECOND = turns()
MIX = FIRST + SECOND


class TestTwins:
    @pytest.mark.parametrize("gain", [-10, 0, 10])
    @pytest.mark.parametrize("lag_ms", [0, 0.125, 5, 20])
    def test_hold_one_signal_up_to_gain_and_offset(self, gain: float, lag_ms: float, tmp_path: Path) -> None:
        second = fainter(delayed(MIX, milliseconds=lag_ms), decibels=-gain)

        found = find_twins(*heard(tmp_path, fainter(MIX, decibels=12), fainter(second, decibels=12)))

        assert found is not None
        assert found.gain_db == pytest.approx(gain, abs=0.5)
        assert found.lag_ms == pytest.approx(lag_ms, abs=0.1)

    def test_may_have_noise_of_their_own(self, tmp_path: Path) -> None:
        pair = [MIX + noise(seed, seconds=len(MIX) / RATE, level_dbfs=-50) for seed in (1, 2)]

        assert find_twins(*heard(tmp_path, *pair)) is not None

    def test_keep_the_louder_one_and_of_equals_the_first(self, tmp_path: Path) -> None:
        equal = find_twins(*heard(tmp_path, MIX, MIX))
        louder = find_twins(*heard(tmp_path, fainter(MIX, decibels=6), MIX))

        assert equal is not None
        assert louder is not None
        assert (equal.kept.index, equal.copy.index) == (0, 1)
        assert (louder.kept.index, louder.copy.index) == (1, 0)

    def test_are_not_two_parties(self, tmp_path: Path) -> None:
        assert find_twins(*heard(tmp_path, FIRST, SECOND)) is None

    @pytest.mark.parametrize("separation", [6, 12, 20])
    def test_are_not_two_parties_who_are_heard_in_each_other(self, separation: float, tmp_path: Path) -> None:
        pair = FIRST + fainter(SECOND, decibels=separation), SECOND + fainter(FIRST, decibels=separation)

        assert find_twins(*heard(tmp_path, *pair)) is None

    def test_are_not_a_mix_and_one_party(self, tmp_path: Path) -> None:
        assert find_twins(*heard(tmp_path, MIX, SECOND)) is None

    @pytest.mark.parametrize(("word_s", "level_dbfs"), [(0.5, -26), (1.5, -26), (1.5, -47)])
    def test_a_single_word_on_one_channel_alone_makes_them_two(
        self, word_s: float, level_dbfs: float, tmp_path: Path
    ) -> None:
        """It would be lost, as the second channel is not transcribed."""
        long = np.concatenate([voice(turn, seconds=10) for turn in range(6)] + [silence(2)])
        word = voice(99, seconds=word_s, level_dbfs=level_dbfs)
        second = long.copy()
        second[-len(word) - RATE // 4 : -RATE // 4] += word

        assert find_twins(*heard(tmp_path, long, long)) is not None
        assert find_twins(*heard(tmp_path, long, second)) is None

    def test_silent_channels_are_none(self, tmp_path: Path) -> None:
        assert find_twins(*heard(tmp_path, silence(5), silence(5))) is None
        assert find_twins(*heard(tmp_path, silence(0.01), silence(0.01))) is None

    def test_are_told_on_both_with_the_other_named(self, tmp_path: Path) -> None:
        first, second = heard(tmp_path, MIX, fainter(delayed(MIX, milliseconds=5), decibels=6))
        found = find_twins(first, second)
        assert found is not None

        on_first, on_second = dual_mono(found, first), dual_mono(found, second)

        assert on_first.as_json()["measures"]["other_channel"] == 1
        assert on_second.as_json()["measures"]["gain_db"] == -6
        assert on_second.as_json()["measures"]["lag_ms"] == 5
        assert on_first.as_json()["measures"]["gain_db"] == 6
        assert "not transcribed again" in on_second.message
