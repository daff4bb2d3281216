from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.unit.engines import tiny_ct2_whisper
from workers.engines import ct2_whisper, probe, whisper
from workers.engines.base import SAMPLE_RATE, Chunk, FinishReason, Hypothesis, Samples
from workers.engines.checkpoints import Checkpoint
from workers.engines.decoding import Decoded
from workers.engines.settings import EngineSettings
from workers.engines.whisper import WhisperEngine

UNSURE = Decoded(tokens=(11, 12), logprobs=(-1.5, -2.5), finish_reason=FinishReason.EOS)
SURE = Decoded(tokens=(11, 12), logprobs=(-0.1, -0.2), finish_reason=FinishReason.EOS)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> WhisperEngine:
    """Random weights: it hears nothing, but goes through all the motions."""
    source, directory = tmp_path_factory.mktemp("ct2"), tmp_path_factory.mktemp("whisper")
    tiny_ct2_whisper.write(tiny_ct2_whisper.network(), source)
    ct2_whisper.convert(source, directory)
    settings = EngineSettings(device="cpu", dtype="float32")
    return whisper.load(settings, Checkpoint("whisper-base", Path(directory), "random", "0"))


class TestWhisperEngine:
    def test_drops_what_it_wrote_unsure_where_it_saw_no_speech(self, engine: WhisperEngine) -> None:
        assert engine._hypothesis(UNSURE, "en", 0.9) == Hypothesis(text="", language="en")

    def test_keeps_what_it_wrote_unsure_where_it_saw_speech(self, engine: WhisperEngine) -> None:
        assert engine._hypothesis(UNSURE, "en", 0.1).token_logprobs == UNSURE.logprobs

    def test_keeps_what_it_is_sure_of(self, engine: WhisperEngine) -> None:
        assert engine._hypothesis(SURE, "en", 0.9).token_logprobs == SURE.logprobs

    def test_writes_no_more_than_can_be_said_in_the_time(self, engine: WhisperEngine) -> None:
        assert engine._cap(Chunk(np.zeros(SAMPLE_RATE, np.float32))) == 46

    def test_writes_no_more_than_its_context_holds(self, engine: WhisperEngine) -> None:
        assert engine._cap(Chunk(np.zeros(30 * SAMPLE_RATE, np.float32))) == 448 - engine._prompt.longest

    def test_writes_what_the_network_likes_best_step_by_step(self, engine: WhisperEngine) -> None:
        expected = greedy(engine, probe.speech(), steps=12)

        (heard,) = engine.recognize([Chunk(probe.speech(), language="en")])

        assert heard.token_logprobs[:12] == pytest.approx(expected, abs=1e-4)


def greedy(engine: WhisperEngine, samples: Samples, *, steps: int) -> list[float]:
    """The slow way: nothing cached, one row, the whole prompt at once."""
    network, prompt = engine._network, engine._prompt
    tokens, logprobs = prompt.rows(["en"])[0], []
    with torch.inference_mode():
        encoded = network.get_encoder()(engine._log_mel([samples]))
        for step in range(steps):
            output = network(encoder_outputs=encoded, decoder_input_ids=torch.tensor([tokens]))
            scores = output.logits[0, -1].float()
            scores[list(prompt.suppressed)] = -torch.inf
            scores[list(prompt.suppressed_at_first) if step == 0 else []] = -torch.inf
            logprobs.append(float(scores.log_softmax(dim=-1).max()))
            tokens.append(int(scores.argmax()))
    return logprobs
