from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.preparation.recordings import Pcm, pitch, tone
from workers.preparation.resampling import Resampler


def resampled(samples: Pcm, *, rate: int, block: int | None = None) -> Pcm:
    resampler = Resampler(rate, samples.shape[1])
    size = block or len(samples)
    blocks = [resampler.feed(samples[start : start + size]) for start in range(0, len(samples), size)]
    return np.concatenate([*blocks, resampler.finish()])


def decibels(samples: npt.NDArray[np.int16], *, low_hz: int, high_hz: int) -> float:
    """Power of a band of 16 kHz samples."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / 16_000)
    band = spectrum[(frequencies >= low_hz) & (frequencies < high_hz)]
    return float(10 * np.log10(band.sum() + 1e-9))


class TestResampler:
    def test_telephone_speech_gets_no_mirror_images(self) -> None:
        noise = np.random.default_rng(1).normal(0, 6_000, (8_000 * 4, 1))
        telephone = Resampler(16_000, 1).feed(np.clip(noise, -30_000, 30_000).astype(np.int16))

        samples = resampled(telephone, rate=8_000)[:, 0]

        speech = decibels(samples, low_hz=300, high_hz=3_700)
        assert decibels(samples, low_hz=4_300, high_hz=8_001) < speech - 60

    def test_what_16_khz_cannot_hold_does_not_fold_back(self) -> None:
        times = np.arange(48_000 * 2) / 48_000
        whistle = (np.sin(2 * np.pi * 9_000 * times) * 20_000).astype(np.int16)[:, np.newaxis]

        samples = resampled(whistle, rate=48_000)[1_000:-1_000, 0]

        assert np.abs(samples).max() < 20

    @pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 48_000, 192_000])
    def test_a_click_keeps_its_time(self, rate: int) -> None:
        clicks = np.zeros((rate * 3, 1), np.int16)
        clicks[rate // 2] = clicks[rate * 5 // 2] = 30_000

        samples = resampled(clicks, rate=rate, block=rate // 7)[:, 0]

        assert len(samples) == pytest.approx(48_000, abs=1)
        for second, half in ((0.5, samples[:24_000]), (2.5, samples[24_000:])):
            found = int(np.abs(half).argmax()) + (24_000 if second > 1 else 0)
            assert found / 16_000 == pytest.approx(second, abs=0.001)

    @settings(deadline=None)
    @given(block=st.integers(1, 5_000))
    def test_the_size_of_the_blocks_makes_no_difference(self, block: int) -> None:
        original = tone(seconds=0.5, channels=2)

        np.testing.assert_array_equal(
            resampled(original, rate=8_000, block=block), resampled(original, rate=8_000)
        )

    def test_channels_stay_apart(self) -> None:
        samples = resampled(tone(channels=2), rate=8_000)

        assert pitch(samples[:, 0], rate=16_000) == pytest.approx(440, abs=1)
        assert pitch(samples[:, 1], rate=16_000) == pytest.approx(880, abs=1)

    def test_a_loud_square_is_clipped_and_does_not_wrap_around(self) -> None:
        square = np.repeat(np.array([32_767, -32_768] * 20, np.int16), 100)[:, np.newaxis]

        samples = resampled(square, rate=8_000)[:, 0]

        assert samples.max() == 32_767
        assert np.sign(samples[60:140]).min() == 1

    def test_16_khz_passes_untouched(self) -> None:
        original = tone(rate=16_000)

        np.testing.assert_array_equal(resampled(original, rate=16_000, block=999), original)
