from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.preparation.recordings import Pcm, channel_file
from workers.preparation.channel_file import ChannelFile
from workers.preparation.loudness import MOST_GAIN, listening_gain

RATE = 16_000


def noise(seconds: float, *, level: float) -> Pcm:
    """White noise; `level` is its root mean square, 0 to 1."""
    return (np.random.default_rng(2).normal(0, level, int(seconds * RATE)) * 32_768).astype(np.int16)


def channel(path: Path, *parts: Pcm) -> ChannelFile:
    return channel_file(path, np.concatenate(parts))


class TestListeningGain:
    def test_leaves_a_normal_call_alone(self, tmp_path: Path) -> None:
        assert listening_gain([channel(tmp_path / "0", noise(3, level=0.08))]) == 1.0

    def test_raises_a_quiet_call_to_the_usual_level(self, tmp_path: Path) -> None:
        gain = listening_gain([channel(tmp_path / "0", noise(3, level=0.005))])

        assert gain == pytest.approx(10, rel=0.1)

    def test_a_few_words_in_a_long_silence_are_enough_to_judge_by(self, tmp_path: Path) -> None:
        silence = np.zeros(60 * RATE, np.int16)

        gain = listening_gain([channel(tmp_path / "0", silence, noise(1.5, level=0.005), silence)])

        assert gain == pytest.approx(10, rel=0.1)

    def test_a_click_does_not_make_a_quiet_call_loud(self, tmp_path: Path) -> None:
        click = np.full(RATE // 10, 30_000, np.int16)

        gain = listening_gain([channel(tmp_path / "0", noise(3, level=0.005), click)])

        assert gain == pytest.approx(10, rel=0.1)

    def test_a_channel_of_echo_is_not_raised_above_the_voice_it_echoes(self, tmp_path: Path) -> None:
        voice = channel(tmp_path / "0", noise(3, level=0.08))
        echo = channel(tmp_path / "1", noise(3, level=0.001))

        assert listening_gain([voice, echo]) == 1.0

    def test_silence_is_raised_only_so_far(self, tmp_path: Path) -> None:
        assert listening_gain([channel(tmp_path / "0", np.zeros(RATE, np.int16))]) == MOST_GAIN

    def test_less_than_one_window_is_silence(self, tmp_path: Path) -> None:
        assert listening_gain([channel(tmp_path / "0", noise(0.01, level=0.1))]) == MOST_GAIN
