from __future__ import annotations

import numpy as np

from benchmarks import cpu, speech_mixes
from benchmarks.contenders import CONTENDERS, Heard
from benchmarks.speech_mixes import Clip
from workers.engines.base import MAX_CHUNK_SECONDS, SAMPLE_RATE

SPEECH = {mix: [Clip(np.zeros(10 * SAMPLE_RATE, np.float32), "hello there")] for mix in cpu.MIXES}


def runs(**seconds: float) -> cpu.Runs:
    """Every contender needs ten seconds unless told otherwise."""
    return {
        name: {mix: [Heard(seconds.get(name, 10.0), ["hello there"])] for mix in cpu.MIXES}
        for name in CONTENDERS
    }


class TestFigures:
    def test_hold_ours_against_the_faster_of_both_faster_whispers(self) -> None:
        found = cpu.figures_of("base", SPEECH, runs(callscribe=1.0, faster_whisper_batched=2.0))

        assert found["base_turns_times_faster_whisper"] == 2.0
        assert found["base_turns_times_transformers_1"] == 10.0

    def test_count_words_that_only_ours_misses(self) -> None:
        heard = {name: dict(mixes) for name, mixes in runs().items()}
        heard["callscribe"]["turns"] = [Heard(1.0, ["hello"])]

        assert cpu.figures_of("base", SPEECH, heard)["base_wer_points_above_faster_whisper"] == 25.0

    def test_are_there_for_every_mark(self) -> None:
        found = {
            name: value
            for model in cpu.MODELS
            for name, value in cpu.figures_of(model, SPEECH, runs()).items()
        }

        assert all(mark.figure in found for mark in cpu.MARKS)


class TestSpeech:
    def test_is_the_same_in_both_mixes(self) -> None:
        mixes = speech_mixes.mixes()

        words = {mix: " ".join(clip.text for clip in clips).split() for mix, clips in mixes.items()}
        assert words["turns"] == words["windows"]
        assert len(mixes["windows"]) < len(mixes["turns"])

    def test_fits_the_models_window(self) -> None:
        clips = [clip for mix in speech_mixes.mixes().values() for clip in mix]

        assert all(0.5 < clip.seconds <= MAX_CHUNK_SECONDS for clip in clips)
