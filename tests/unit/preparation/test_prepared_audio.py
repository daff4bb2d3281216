from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import StorageUnavailable
from tests.unit.preparation.recordings import Pcm, channel_file
from workers.engines.base import Samples
from workers.preparation.flac_writer import write_flac
from workers.prepared_audio import FRAME_SAMPLES, FrameIndex, read_chunk

DURATION_MS = 5 * 60_000 + 7


@dataclass(frozen=True)
class Prepared:
    """A channel and its file."""

    samples: Pcm
    content: bytes
    frames: FrameIndex

    def fetch(self, start_ms: int, end_ms: int) -> bytes:
        """What storage answers to a request for that range of bytes."""
        place = self.frames.byte_range(start_ms=start_ms, end_ms=end_ms)
        return self.content[place.first_byte : place.last_byte + 1]

    def read(self, start_ms: int, end_ms: int) -> Samples:
        place = self.frames.byte_range(start_ms=start_ms, end_ms=end_ms)
        return read_chunk(
            self.fetch(start_ms, end_ms), first_sample=place.first_sample, start_ms=start_ms, end_ms=end_ms
        )


def prepared_in(folder: Path, samples: Pcm) -> Prepared:
    frames = write_flac(channel_file(folder / "0.pcm", samples), folder / "0.flac")
    return Prepared(samples, (folder / "0.flac").read_bytes(), frames)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    generator = np.random.default_rng(3)
    loudness = np.repeat(generator.uniform(0, 9_000, DURATION_MS // 1_000 + 1), 16_000)[: DURATION_MS * 16]
    samples = (generator.normal(0, 1, DURATION_MS * 16) * loudness).clip(-32_768, 32_767).astype(np.int16)
    return prepared_in(tmp_path_factory.mktemp("prepared"), samples)


class TestPreparedAudio:
    def test_is_a_flac_file_that_anything_can_play(self, prepared: Prepared, tmp_path: Path) -> None:
        (tmp_path / "0.flac").write_bytes(prepared.content)

        samples, rate = soundfile.read(tmp_path / "0.flac", dtype="int16")

        assert rate == 16_000
        np.testing.assert_array_equal(samples, prepared.samples)

    @settings(deadline=None)
    @given(start_ms=st.integers(0, DURATION_MS - 1), length_ms=st.integers(1, 30_000))
    def test_any_chunk_comes_out_sample_by_sample(
        self, prepared: Prepared, start_ms: int, length_ms: int
    ) -> None:
        end_ms = min(start_ms + length_ms, DURATION_MS)

        samples = prepared.read(start_ms, end_ms)

        assert samples.dtype == np.float32
        np.testing.assert_array_equal(samples * 32_768, prepared.samples[start_ms * 16 : end_ms * 16])

    def test_a_chunk_asks_for_little_more_than_itself(self, prepared: Prepared) -> None:
        place = prepared.frames.byte_range(start_ms=60_000, end_ms=70_000)

        assert 0 <= 60_000 * 16 - place.first_sample < FRAME_SAMPLES
        assert len(prepared.fetch(60_000, 70_000)) < 1.1 * len(prepared.content) / DURATION_MS * 10_000 * 2

    def test_the_whole_channel_is_one_range(self, prepared: Prepared) -> None:
        place = prepared.frames.byte_range(start_ms=0, end_ms=DURATION_MS)

        assert (place.first_byte, place.last_byte + 1) == (42, len(prepared.content))

    def test_one_millisecond_is_enough(self, tmp_path: Path) -> None:
        prepared = prepared_in(tmp_path, np.full(16, -32_768, np.int16))

        assert prepared.read(0, 1).tolist() == [-1.0] * 16

    @pytest.mark.parametrize("blob", [b"", b"\0" * 1_000, b"<?xml version='1.0'?><Error/>"])
    def test_what_is_no_audio_is_noticed(self, blob: bytes) -> None:
        with pytest.raises(StorageUnavailable):
            read_chunk(blob, first_sample=0, start_ms=0, end_ms=1_000)

    @pytest.mark.parametrize("cut", [1, 1_000])
    def test_an_answer_that_stops_short_is_noticed(self, cut: int, prepared: Prepared) -> None:
        blob = prepared.fetch(0, 10_000)

        with pytest.raises(StorageUnavailable):
            read_chunk(blob[:-cut], first_sample=0, start_ms=0, end_ms=10_000)

    def test_an_answer_to_a_smaller_question_is_noticed(self, prepared: Prepared) -> None:
        with pytest.raises(StorageUnavailable):
            read_chunk(prepared.fetch(0, 5_000), first_sample=0, start_ms=0, end_ms=10_000)

    def test_a_damaged_answer_is_noticed(self, prepared: Prepared) -> None:
        blob = bytearray(prepared.fetch(0, 10_000))
        blob[len(blob) // 2] ^= 0xFF

        with pytest.raises(StorageUnavailable):
            read_chunk(bytes(blob), first_sample=0, start_ms=0, end_ms=10_000)
