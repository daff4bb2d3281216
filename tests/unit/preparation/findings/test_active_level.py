from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.p56 import active_speech_level
from tests.unit.preparation.findings.hearing import RATE, heard, silence, voice
from workers.preparation.findings.active_level import active_level, active_power
from workers.preparation.resampling import Resampler

SAMPLES = Path(__file__).resolve().parents[4] / "samples"


class TestActiveLevel:
    @pytest.mark.parametrize("level", [-45.0, -26.0, -18.0])
    def test_is_that_of_the_voice(self, level: float, tmp_path: Path) -> None:
        [channel] = heard(tmp_path, voice(1, seconds=4, level_dbfs=level))

        assert active_level(channel) == pytest.approx(level, abs=1)

    def test_leaves_pauses_out(self, tmp_path: Path) -> None:
        spoken = voice(1, seconds=4)
        [channel] = heard(tmp_path, np.concatenate([spoken, silence(60), spoken]))

        assert active_level(channel) == pytest.approx(-26, abs=1)

    @pytest.mark.parametrize("name", ["call_en", "call_zh"])
    @pytest.mark.parametrize("place", [0, 1])
    def test_is_within_a_third_of_a_decibel_of_p56(self, name: str, place: int, tmp_path: Path) -> None:
        samples, rate = soundfile.read(SAMPLES / f"{name}.wav", dtype="int16")
        resampler = Resampler(rate, 1)
        wide = np.concatenate([resampler.feed(samples[:, [place]]), resampler.finish()])[:, 0]
        [channel] = heard(tmp_path, wide / 32_768)

        expected = active_speech_level(samples[:, place] / 32_768, rate=rate)

        assert active_level(channel) == pytest.approx(expected, abs=0.33)
        assert len(wide) == pytest.approx(len(samples) * RATE / rate, abs=RATE)


class TestActivePower:
    @given(st.lists(st.floats(0, 1, width=32), max_size=50), st.floats(2**-20, 1))
    def test_grows_as_the_sound_does(self, powers: list[float], factor: float) -> None:
        whole = active_power(np.array(powers, np.float32))

        assert 0 <= whole <= max(powers, default=0.0) * 1.001
        if min(powers, default=0.0) > 1e-3:
            part = active_power(np.array(powers, np.float32) * np.float32(factor))
            assert part == pytest.approx(whole * factor, rel=0.01)

    def test_counts_the_pauses_between_words_and_no_others(self) -> None:
        word, pause = [1.0] * 6, [0.0] * 6

        assert active_power(np.array(word + pause, np.float32)) == pytest.approx(0.5, rel=0.01)
        assert active_power(np.array(word + 20 * pause, np.float32)) == pytest.approx(0.5, rel=0.01)

    def test_of_nothing_is_nothing(self) -> None:
        assert active_power(np.zeros(0, np.float32)) == 0
        assert active_power(np.zeros(9, np.float32)) == 0
