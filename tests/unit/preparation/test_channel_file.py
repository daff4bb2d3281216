from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.unit.preparation.recordings import channel_file
from workers.preparation.channel_file import ChannelFile


class TestChannelFile:
    def test_gives_back_what_it_was_given_in_blocks(self, tmp_path: Path) -> None:
        samples = np.arange(1_600, dtype=np.int16)

        with ChannelFile(tmp_path / "0.pcm") as channel:
            channel.append(samples[:7])
            channel.append(samples[7:])
            channel.finish()

        blocks = list(channel.blocks(700))
        assert [len(block) for block in blocks] == [700, 700, 200]
        np.testing.assert_array_equal(np.concatenate(blocks), samples)

    def test_every_time_in_it_is_a_whole_millisecond(self, tmp_path: Path) -> None:
        channel = channel_file(tmp_path / "0.pcm", np.ones(17, np.int16))

        assert channel.duration_ms == 2
        assert channel.samples == 32
        assert np.concatenate(list(channel.blocks(100))).sum() == 17

    def test_nothing_stays_nothing(self, tmp_path: Path) -> None:
        channel = channel_file(tmp_path / "0.pcm", np.zeros(0, np.int16))

        assert (channel.samples, list(channel.blocks(100))) == (0, [])
