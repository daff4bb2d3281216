from __future__ import annotations

import logging

import numpy as np
import pytest
import torch

from core.errors import EngineBroken, EngineOverloaded
from tests.conformance import tiny_glm_asr
from workers.engines import glm_asr, probe
from workers.engines.base import SAMPLE_RATE, Chunk, FinishReason
from workers.engines.checkpoints import Checkpoint
from workers.engines.glm_asr import GlmAsrEngine
from workers.engines.settings import EngineSettings

SPEECH = Chunk(probe.speech())


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    directory = tmp_path_factory.mktemp("glm")
    tiny_glm_asr.build(directory)
    return Checkpoint("glm-asr-nano-2512", directory, "random", "0")


def load(checkpoint: Checkpoint, dtype: str = "float32") -> GlmAsrEngine:
    return glm_asr.load(EngineSettings.model_validate({"device": "cpu", "dtype": dtype}), checkpoint)


class FailingOnce:
    """A device that fails at the first layer it runs, and works again."""

    def __init__(self, engine: GlmAsrEngine, error: Exception) -> None:
        self._error = error
        self._hook = engine._network.register_forward_pre_hook(self._fail)

    def _fail(self, *_: object) -> None:
        self._hook.remove()
        raise self._error


class TestGlmAsrEngine:
    def test_goes_on_after_it_ran_out_of_memory(self, checkpoint: Checkpoint) -> None:
        engine = load(checkpoint)
        before = engine.recognize([SPEECH])
        FailingOnce(engine, torch.OutOfMemoryError("CUDA out of memory."))

        with pytest.raises(EngineOverloaded):
            engine.recognize([SPEECH])

        assert engine.recognize([SPEECH]) == before

    def test_says_that_it_is_broken_when_its_device_is(self, checkpoint: Checkpoint) -> None:
        engine = load(checkpoint)
        FailingOnce(engine, torch.AcceleratorError("CUDA error: an illegal memory access was encountered"))

        with pytest.raises(EngineBroken):
            engine.recognize([SPEECH])

    def test_moves_to_bfloat16_when_audio_overflows_float16(
        self, checkpoint: Checkpoint, caplog: pytest.LogCaptureFixture
    ) -> None:
        expected = load(checkpoint, "bfloat16").recognize([SPEECH])
        engine = load(checkpoint, "float16")
        with torch.no_grad():
            engine._network.lm_head.weight.fill_(60_000.0)

        with caplog.at_level(logging.WARNING):
            heard = engine.recognize([SPEECH])

        assert engine.identity.dtype == "bfloat16"
        assert heard == expected
        assert "float16 overflowed, using bfloat16 from now on" in caplog.messages

    def test_may_end_with_any_of_the_checkpoints_end_tokens(self, checkpoint: Checkpoint) -> None:
        assert load(checkpoint)._eos == (0, 1)

    def test_never_pads_with_the_token_that_stands_for_audio(self, checkpoint: Checkpoint) -> None:
        engine = load(checkpoint)

        assert engine._processor.tokenizer.pad_token_id != engine._network.config.audio_token_id

    def test_writes_no_more_than_can_be_said_in_the_time(self, checkpoint: Checkpoint) -> None:
        noise = np.random.default_rng(1).normal(0, 0.1, (8, SAMPLE_RATE)).astype(np.float32)

        heard = load(checkpoint).recognize([Chunk(samples) for samples in noise])

        assert max(len(hypothesis.token_logprobs) for hypothesis in heard) == 31
        assert {hypothesis.finish_reason for hypothesis in heard} >= {FinishReason.LENGTH}

    def test_names_no_language(self, checkpoint: Checkpoint) -> None:
        (heard,) = load(checkpoint).recognize([SPEECH])

        assert heard.language is None
