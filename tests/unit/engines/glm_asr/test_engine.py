from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import EngineBroken, EngineOverloaded, LeaseLost, UnsupportedOption
from tests.unit.engines.glm_asr.conftest import clips
from workers.engines import probe
from workers.engines.base import SAMPLE_RATE, Chunk, FinishReason, Hypothesis, Outcome
from workers.engines.checkpoints import Checkpoint
from workers.engines.continuous import continuous
from workers.engines.glm_asr import loading
from workers.engines.glm_asr.doubts import never
from workers.engines.glm_asr.engine import GlmAsrEngine
from workers.engines.glm_asr.slots import State
from workers.engines.settings import EngineSettings

SPEECH = Chunk(probe.speech())
NOISE = [Chunk(clip) for clip in clips([0.7, 3.0, 1.1])]


@pytest.fixture(scope="module")
def checkpoint(directory: Path) -> Checkpoint:
    return Checkpoint("glm-asr-nano-2512", directory, "random", "0")


def load(checkpoint: Checkpoint, **settings: object) -> GlmAsrEngine:
    """Believes what it writes: a random network is always doubtful."""
    engine = loading.load(EngineSettings.model_validate({"device": "cpu", **settings}), checkpoint)
    engine._schedule._doubt = never
    return engine


@pytest.fixture(scope="module")
def engine(checkpoint: Checkpoint) -> GlmAsrEngine:
    return load(checkpoint)


def drained(engine: GlmAsrEngine) -> dict[int, Hypothesis | EngineOverloaded]:
    outcomes: list[Outcome] = []
    while not engine.is_idle:
        outcomes += engine.step()
    assert len({outcome.key for outcome in outcomes}) == len(outcomes)
    return {outcome.key: outcome.result for outcome in outcomes}


def fail_once(engine: GlmAsrEngine, error: Exception) -> None:
    """At the next encoder batch."""
    encode = engine._runner._encode

    def fail(_mel: torch.Tensor) -> torch.Tensor:
        engine._runner._encode = encode
        raise error

    engine._runner._encode = fail


class TestGlmAsrEngine:
    def test_takes_chunks_at_any_time(self, engine: GlmAsrEngine) -> None:
        expected = [engine.recognize([chunk])[0].text for chunk in NOISE]
        assert continuous(engine) is engine

        engine.add(5, NOISE[0])
        found = {outcome.key: outcome.result for outcome in engine.step()}
        engine.add(6, NOISE[1])
        engine.add(7, NOISE[2])
        found |= drained(engine)

        assert [
            result.text for _, result in sorted(found.items()) if isinstance(result, Hypothesis)
        ] == expected

    def test_answers_no_key_that_was_cancelled(self, engine: GlmAsrEngine) -> None:
        for key, chunk in enumerate([*NOISE, Chunk(np.zeros(SAMPLE_RATE, np.float32))]):
            engine.add(key, chunk)
        engine.step()

        engine.cancel([0, 3])

        assert not {0, 3} & drained(engine).keys()
        assert engine.is_idle

    def test_answers_no_key_that_was_cancelled_after_its_last_token(self, engine: GlmAsrEngine) -> None:
        engine.add(0, NOISE[0])
        while not engine._schedule._texts:
            assert engine.step() == []

        engine.cancel([0])

        assert drained(engine) == {}

    def test_answers_a_key_anew_that_was_cancelled_after_its_last_token(self, engine: GlmAsrEngine) -> None:
        expected = engine.recognize(NOISE[1:2])
        engine.add(0, NOISE[0])
        while not engine._schedule._texts:
            engine.step()

        engine.cancel([0])

        assert engine.recognize(NOISE[1:2]) == expected

    def test_answers_silence_without_a_decode(self, engine: GlmAsrEngine) -> None:
        engine.add(1, Chunk(np.zeros(SAMPLE_RATE, np.float32)))

        assert engine.step() == [Outcome(1, Hypothesis(text=""))]

    def test_refuses_a_chunk_that_is_longer_than_the_window(self, engine: GlmAsrEngine) -> None:
        engine.add(1, Chunk(np.full(30 * SAMPLE_RATE + 1, 0.1, np.float32)))

        (outcome,) = engine.step()

        assert isinstance(outcome.result, EngineOverloaded)

    def test_goes_on_after_it_ran_out_of_memory(self, checkpoint: Checkpoint) -> None:
        engine = load(checkpoint)
        before = engine.recognize([SPEECH])
        fail_once(engine, torch.OutOfMemoryError("CUDA out of memory."))

        with pytest.raises(EngineOverloaded):
            engine.recognize([SPEECH])

        assert engine.recognize([SPEECH]) == before

    def test_says_that_it_is_broken_when_its_device_is(self, checkpoint: Checkpoint) -> None:
        engine = load(checkpoint)
        fail_once(engine, torch.AcceleratorError("CUDA error: an illegal memory access was encountered"))

        with pytest.raises(EngineBroken):
            engine.recognize([SPEECH])

    def test_forgets_its_chunks_when_the_caller_gives_up(self, engine: GlmAsrEngine) -> None:
        before = engine.recognize(NOISE[:1])

        def give_up() -> None:
            raise LeaseLost

        with pytest.raises(LeaseLost):
            engine.recognize(NOISE, beat=give_up)

        assert engine.is_idle
        assert engine.recognize(NOISE[:1]) == before

    def test_moves_to_bfloat16_when_audio_overflows_float16(
        self, checkpoint: Checkpoint, caplog: pytest.LogCaptureFixture
    ) -> None:
        expected = load(checkpoint, dtype="bfloat16").recognize(NOISE)
        engine = load(checkpoint, dtype="float16", max_batch_chunks=2)
        engine._doubt = never
        engine._runner._decoder._head.fill_(60_000.0)
        for key, chunk in enumerate(NOISE):
            engine.add(key, chunk)

        with caplog.at_level(logging.WARNING):
            found = drained(engine)

        assert engine.identity.dtype == "bfloat16"
        assert [found[key] for key in range(3)] == expected
        assert "float16 overflowed, using bfloat16 from now on" in caplog.messages

    def test_redoes_a_text_that_was_on_its_way_when_another_overflowed(self, checkpoint: Checkpoint) -> None:
        engine = load(checkpoint, dtype="float16", max_batch_chunks=2)
        engine._doubt = never
        engine._cap = lambda seconds, _most: 1 if seconds < 1.0 else 40
        engine.add(0, NOISE[0])
        engine.add(1, NOISE[1])
        while engine._runner.slots.state[0] != State.LENGTH:
            assert engine.step() == []

        # The step that sends for the first text breaks the second one.
        engine._runner._decoder._head.fill_(60_000.0)

        assert drained(engine).keys() == {0, 1}
        assert engine.identity.dtype == "bfloat16"

    def test_writes_no_more_than_can_be_said_in_the_time(self, engine: GlmAsrEngine) -> None:
        heard = engine.recognize([Chunk(clip) for clip in clips([1.0] * 8, seed=2)])

        assert max(len(hypothesis.token_logprobs) for hypothesis in heard) == 31
        assert {hypothesis.finish_reason for hypothesis in heard} >= {FinishReason.LENGTH}

    def test_tells_both_texts_of_a_chunk_it_doubted(self, checkpoint: Checkpoint) -> None:
        engine = loading.load(EngineSettings(device="cpu"), checkpoint)

        (heard,) = engine.recognize(NOISE[:1])

        assert heard.alternative is not None

    def test_names_no_language(self, engine: GlmAsrEngine) -> None:
        assert [heard.language for heard in engine.recognize(NOISE)] == [None] * 3

    def test_may_end_with_any_of_the_checkpoints_end_tokens(self, checkpoint: Checkpoint) -> None:
        loader = loading.Loader(checkpoint, torch.device("cpu"))

        assert loading.eos_of(loader.network(torch.float32)) == (0, 1)


class TestLoading:
    def test_takes_float32_on_a_cpu(self, engine: GlmAsrEngine) -> None:
        assert engine.identity.dtype == "float32"

    def test_refuses_context_words(self, checkpoint: Checkpoint) -> None:
        with pytest.raises(UnsupportedOption):
            load(checkpoint, glm_context_words=("Callscribe",))

    @pytest.mark.parametrize("most", [1, 3])
    def test_takes_no_more_slots_than_the_settings_allow(self, checkpoint: Checkpoint, most: int) -> None:
        engine = load(checkpoint, max_batch_chunks=most)

        assert (engine.slots, engine.max_batch_chunks) == (most, most)

    def test_says_what_it_made_of_the_device(
        self, checkpoint: Checkpoint, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.INFO):
            load(checkpoint)

        (sized,) = [record for record in caplog.records if record.message == "engine sized"]
        assert (sized.__dict__["slots"], sized.__dict__["windows"]) == (8, 8)
