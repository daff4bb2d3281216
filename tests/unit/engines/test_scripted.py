from __future__ import annotations

import numpy as np
import pytest

from core.errors import EngineBroken, EngineOverloaded
from workers.engines.base import SAMPLE_RATE, Chunk
from workers.engines.scripted import ScriptedEngine, heard_text, peak
from workers.engines.settings import ScriptedSettings


def tone(seconds: float, *, loudness: float = 0.5) -> Chunk:
    times = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    samples = (0.3 * np.sin(2 * np.pi * 220 * times)).astype(np.float32)
    samples[len(samples) // 2] = loudness
    return Chunk(samples)


class TestScriptedEngine:
    def test_says_its_script_in_order(self) -> None:
        engine = ScriptedEngine("one", "two")

        heard = engine.recognize([tone(1.0), tone(1.0)])

        assert [hypothesis.text for hypothesis in heard] == ["one", "two"]

    def test_tells_which_samples_it_heard_when_the_script_is_over(self) -> None:
        chunk = tone(1.5)

        (heard,) = ScriptedEngine().recognize([chunk])

        assert heard.text == heard_text(chunk.samples)
        assert heard.text.startswith("heard 24000 samples ")

    def test_counts_the_batches_that_fitted(self) -> None:
        engine = ScriptedEngine(max_batch_chunks=2)
        engine.recognize([tone(1.0)])
        engine.recognize([tone(1.0)] * 2)

        with pytest.raises(EngineOverloaded):
            engine.recognize([tone(1.0)] * 3)

        assert engine.batches == [1, 2]

    def test_gives_one_log_probability_per_word(self) -> None:
        (heard,) = ScriptedEngine("three words here").recognize([tone(1.0)])

        assert len(heard.token_logprobs) == 3

    def test_beats_while_it_pretends_to_work(self) -> None:
        beats: list[None] = []
        engine = ScriptedEngine(behaviour=ScriptedSettings(seconds_per_audio_second=0.001))

        engine.recognize([tone(1.0)], beat=lambda: beats.append(None))

        assert len(beats) == 2

    def test_never_has_room_for_a_chunk_marked_as_too_large(self) -> None:
        engine = ScriptedEngine(behaviour=ScriptedSettings(overload_on_peak=901))

        with pytest.raises(EngineOverloaded):
            engine.recognize([tone(1.0, loudness=0.901)])

    def test_breaks_on_a_chunk_marked_so(self) -> None:
        engine = ScriptedEngine(behaviour=ScriptedSettings(break_on_peak=902))

        with pytest.raises(EngineBroken):
            engine.recognize([tone(1.0), tone(1.0, loudness=0.902)])

    def test_works_as_usual_on_chunks_without_a_mark(self) -> None:
        engine = ScriptedEngine(behaviour=ScriptedSettings(overload_on_peak=901, break_on_peak=902))

        heard = engine.recognize([tone(1.0, loudness=0.903)])

        assert len(heard) == 1


class TestHeardText:
    def test_is_the_same_after_lossless_storage_in_sixteen_bits(self) -> None:
        samples = np.random.default_rng(3).uniform(-1, 1, 4000).astype(np.float32)
        stored = np.round(samples * 32_768).clip(-32_768, 32_767).astype(np.int16)

        restored = (stored / 32_768).astype(np.float32)

        assert heard_text(restored) == heard_text(samples)

    def test_differs_when_one_sample_does(self) -> None:
        samples = tone(0.5).samples
        other = samples.copy()
        other[100] += 0.01

        assert heard_text(other) != heard_text(samples)


class TestPeak:
    def test_survives_storage_in_sixteen_bits(self) -> None:
        stored = np.round(tone(0.5, loudness=0.901).samples * 32_768) / 32_768

        assert peak(stored.astype(np.float32)) == 901

    def test_of_nothing_is_nothing(self) -> None:
        assert peak(np.zeros(0, np.float32)) == 0
