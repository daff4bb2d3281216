"""The service that ours is measured beside does the same work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from benchmarks.plain_service.hearing import Hearing, decoded
from benchmarks.recordings import write_piece
from workers.engines.base import SAMPLE_RATE


class TestDecoded:
    def test_is_the_recording_if_it_has_the_models_rate(self, tmp_path: Path) -> None:
        samples = np.random.default_rng(7).integers(-9000, 9000, (SAMPLE_RATE, 2)).astype(np.int16)
        soundfile.write(tmp_path / "call.wav", samples, SAMPLE_RATE, subtype="PCM_16")

        channels = decoded(tmp_path / "call.wav")

        assert [channel.pcm.tolist() for channel in channels] == samples.T.tolist()

    def test_is_resampled_if_it_has_another(self, tmp_path: Path) -> None:
        soundfile.write(tmp_path / "call.wav", np.zeros((8000, 1), np.int16), 8000, subtype="PCM_16")

        assert [channel.duration_ms for channel in decoded(tmp_path / "call.wav")] == [1000]


class TestHearing:
    def test_hears_both_parties(self, tmp_path: Path) -> None:
        transcript = Hearing().transcript_of(write_piece(tmp_path / "call.wav", start=0.0, seconds=10.0))

        segments = transcript["segments"]
        assert isinstance(segments, list)
        assert {segment["channel"] for segment in segments} == {0, 1}
        assert all(segment["text"] for segment in segments)
