from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.preparation.findings.hearing import RATE, Wave, heard, noise, silence, voice
from workers.preparation.findings.dead_channel import find_dead_channel

TIMES = np.arange(20 * RATE) / RATE
DEAD = {
    "silence": silence(20),
    "a constant": np.full(20 * RATE, -0.2),
    "the last bit": np.sign(noise(1, seconds=20, level_dbfs=0)) / 32_768,
    "faint hiss": noise(1, seconds=20, level_dbfs=-70),
    "hiss": noise(1, seconds=20, level_dbfs=-40),
    "hum": 0.01 * np.sin(2 * np.pi * 50 * TIMES),
}
ALIVE = {
    "a ring-back tone": 0.1 * np.sin(2 * np.pi * 440 * TIMES) * (TIMES % 6 < 2),
    "music": voice(1, seconds=20) * (1.1 + np.sin(2 * np.pi * 0.2 * TIMES)),
}


class TestDeadChannel:
    @pytest.mark.parametrize("sound", DEAD.values(), ids=DEAD)
    def test_carries_nothing_or_noise(self, sound: Wave, tmp_path: Path) -> None:
        [channel] = heard(tmp_path, sound, speech=[False])

        assert find_dead_channel(channel) is not None

    @pytest.mark.parametrize("sound", ALIVE.values(), ids=ALIVE)
    def test_has_no_other_sound(self, sound: Wave, tmp_path: Path) -> None:
        [channel] = heard(tmp_path, sound, speech=[False])

        assert find_dead_channel(channel) is None

    def test_may_crackle_below_what_anybody_hears(self, tmp_path: Path) -> None:
        crackle = noise(1, seconds=20, level_dbfs=-62) * (TIMES % 5 < 1)
        [channel] = heard(tmp_path, crackle + noise(2, seconds=20, level_dbfs=-80), speech=[False])

        assert find_dead_channel(channel) is not None

    def test_is_none_where_speech_was_found_however_steady(self, tmp_path: Path) -> None:
        [channel] = heard(tmp_path, noise(1, seconds=20, level_dbfs=-40))

        assert channel.spans
        assert find_dead_channel(channel) is None

    def test_has_no_speech_however_faint(self, tmp_path: Path) -> None:
        faint = np.concatenate([silence(10), voice(1, seconds=1, level_dbfs=-49), silence(10)])
        [channel] = heard(tmp_path, faint)

        assert channel.spans
        assert find_dead_channel(channel) is None

    def test_a_moment_is_too_short_to_tell(self, tmp_path: Path) -> None:
        [channel] = heard(tmp_path, silence(0.9))

        assert find_dead_channel(channel) is None
