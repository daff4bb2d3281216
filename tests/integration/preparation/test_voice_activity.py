from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import silero_vad
import torch

from core.errors import CheckpointUnavailable
from tests.integration.preparation.calls import samples_of
from tests.unit.preparation.recordings import Pcm, channel_file
from workers.preparation.channel_file import ChannelFile
from workers.preparation.decoder.nursery import PROJECT_ROOT
from workers.preparation.loudness import listening_gain
from workers.preparation.resampling import Resampler
from workers.preparation.speech_spans import find_speech
from workers.preparation.voice_activity import load_detector, network_path

TIMES = np.arange(16_000 * 20) / 16_000
NOISE = np.random.default_rng(4).normal(0, 1, len(TIMES))
SOUNDS = {
    "silence": np.zeros(len(TIMES)),
    "the last bit": np.sign(NOISE) / 32_768,
    "hiss": NOISE * 0.01,
    "faint hiss": NOISE * 0.001,
    "hum": np.sin(2 * np.pi * 50 * TIMES) * 0.01,
    "ringing": (np.sin(2 * np.pi * 440 * TIMES) + np.sin(2 * np.pi * 480 * TIMES)) * 0.2 * (TIMES % 6 < 2),
    "dialling": (np.sin(2 * np.pi * 697 * TIMES) + np.sin(2 * np.pi * 1_209 * TIMES))
    * 0.2
    * (TIMES % 0.5 < 0.1),
}


def spoken(name: str, channel: int, path: Path) -> ChannelFile:
    resampler = Resampler(8_000, 1)
    samples = samples_of(name)[:, [channel]]
    return channel_file(path, np.concatenate([resampler.feed(samples), resampler.finish()])[:, 0])


def samples_in(channel: ChannelFile) -> Pcm:
    return np.concatenate(list(channel.blocks(channel.samples)))


class TestSpeechDetector:
    @pytest.mark.parametrize(("name", "channel"), [("call_en", 0), ("call_zh", 1)])
    def test_agrees_with_silero_itself(self, name: str, channel: int, tmp_path: Path) -> None:
        file = spoken(name, channel, tmp_path / "0.pcm")
        audio = torch.from_numpy(samples_in(file).astype(np.float32) / 32_768)
        theirs = silero_vad.get_speech_timestamps(audio, silero_vad.load_silero_vad(onnx=True))

        ours = find_speech(load_detector().probabilities(file), duration_ms=file.duration_ms)

        assert len(ours) == len(theirs) > 3
        for our, their in zip(ours, theirs, strict=True):
            assert our.start_ms == pytest.approx(their["start"] / 16, abs=33)
            assert our.end_ms == pytest.approx(their["end"] / 16, abs=33)

    def test_remembers_nothing_of_the_channel_before(self, tmp_path: Path) -> None:
        first, second = spoken("call_en", 0, tmp_path / "0.pcm"), spoken("call_en", 1, tmp_path / "1.pcm")
        alone = load_detector().probabilities(second)

        load_detector().probabilities(first)

        np.testing.assert_array_equal(load_detector().probabilities(second), alone)

    def test_tells_how_far_it_has_come(self, tmp_path: Path) -> None:
        shares: list[float] = []

        load_detector().probabilities(spoken("call_en", 0, tmp_path / "0.pcm"), on_progress=shares.append)

        assert shares == sorted(shares)
        assert len(shares) == 3
        assert shares[-1] == 1.0

    @pytest.mark.parametrize("sound", SOUNDS)
    def test_what_is_no_speech_is_none_however_much_it_is_raised(self, sound: str, tmp_path: Path) -> None:
        file = channel_file(tmp_path / "0.pcm", np.rint(SOUNDS[sound] * 32_767).astype(np.int16))

        probabilities = load_detector().probabilities(file, gain=listening_gain([file]))

        assert find_speech(probabilities, duration_ms=file.duration_ms) == ()

    def test_an_empty_channel_is_silent(self, tmp_path: Path) -> None:
        assert len(load_detector().probabilities(channel_file(tmp_path / "0", np.zeros(0, np.int16)))) == 0

    def test_a_missing_network_is_named(self) -> None:
        with pytest.raises(CheckpointUnavailable):
            network_path("no_such_package")

    def test_torch_stays_out(self) -> None:
        program = (
            "import sys, workers.preparation.pipeline as pipeline; pipeline.load_detector();"
            "print({'torch', 'silero_vad'} & set(sys.modules))"
        )

        printed = subprocess.run(
            [sys.executable, "-c", program], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
        )

        assert printed.stdout == "set()\n"
