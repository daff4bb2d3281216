from __future__ import annotations

import numpy as np

from workers.engines.audibility import is_audible
from workers.engines.base import SAMPLE_RATE, Chunk


def noise(seconds: float, *, peak: float) -> Chunk:
    samples = np.zeros(int(seconds * SAMPLE_RATE), np.float32)
    samples[::2] = peak
    return Chunk(samples)


class TestIsAudible:
    def test_quiet_speech_is(self) -> None:
        assert is_audible(noise(1.0, peak=0.01))

    def test_the_idle_noise_of_a_telephone_line_is_not(self) -> None:
        assert not is_audible(noise(1.0, peak=8 / 32_768))

    def test_digital_silence_is_not(self) -> None:
        assert not is_audible(noise(1.0, peak=0.0))

    def test_nothing_is_not(self) -> None:
        assert not is_audible(Chunk(np.zeros(0, np.float32)))

    def test_a_click_is_not(self) -> None:
        assert not is_audible(noise(0.09, peak=0.9))

    def test_samples_that_are_no_numbers_are_not(self) -> None:
        assert not is_audible(Chunk(np.full(SAMPLE_RATE, np.nan, np.float32)))
