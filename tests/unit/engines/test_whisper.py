from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import WhisperForConditionalGeneration, WhisperProcessor

from tests.unit.engines import tiny_ct2_whisper
from tests.unit.engines.generating import Ending, decode
from workers.engines import ct2_whisper, probe, whisper
from workers.engines.base import SAMPLE_RATE, Chunk, FinishReason, Hypothesis
from workers.engines.checkpoints import Checkpoint
from workers.engines.decoding import Decoded
from workers.engines.settings import EngineSettings
from workers.engines.whisper.engine import WhisperEngine
from workers.engines.whisper.prompt import left_padded

UNSURE = Decoded(tokens=(11, 12), logprobs=(-1.5, -2.5), finish_reason=FinishReason.EOS)
SURE = Decoded(tokens=(11, 12), logprobs=(-0.1, -0.2), finish_reason=FinishReason.EOS)
CLIPS = [probe.speech()[: int(seconds * SAMPLE_RATE)] for seconds in (5.0, 0.4, 2.0, 1.1)]
LANGUAGES = ("en", "zh", None, "de")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """Random weights: it hears nothing, but goes through all the motions."""
    source, directory = tmp_path_factory.mktemp("ct2"), tmp_path_factory.mktemp("whisper")
    tiny_ct2_whisper.write(tiny_ct2_whisper.network(), source)
    ct2_whisper.convert(source, directory)
    return Checkpoint("whisper-base", Path(directory), "random", "0")


@pytest.fixture(scope="module")
def engine(checkpoint: Checkpoint) -> WhisperEngine:
    hints = {"zh": "w7w8w9"}
    return whisper.load(EngineSettings(device="cpu", dtype="float32", whisper_hints=hints), checkpoint)


@pytest.fixture(scope="module")
def stock(checkpoint: Checkpoint) -> WhisperForConditionalGeneration:
    network = WhisperForConditionalGeneration.from_pretrained(checkpoint.path, dtype=torch.float32)
    return network.eval()


@pytest.fixture(scope="module")
def expected(
    engine: WhisperEngine, stock: WhisperForConditionalGeneration, checkpoint: Checkpoint
) -> list[Decoded]:
    """What transformers' `generate` writes for each clip, all in one batch."""
    features = WhisperProcessor.from_pretrained(checkpoint.path).feature_extractor
    mel = features(CLIPS, sampling_rate=SAMPLE_RATE, return_tensors="pt").input_features
    prompts, counts = left_padded(engine._prompt.rows(LANGUAGES), filler=engine._prompt.end)
    with torch.inference_mode():
        return decode(
            stock,
            {
                "encoder_outputs": stock.get_encoder()(mel),
                "attention_mask": counts,
                "decoder_input_ids": prompts,
                "decoder_attention_mask": counts,
            },
            prompt_length=prompts.shape[1],
            ending=Ending(eos=(engine._prompt.end,), caps=tuple(engine._cap(Chunk(clip)) for clip in CLIPS)),
            config={
                "suppress_tokens": list(engine._prompt.suppressed),
                "begin_suppress_tokens": list(engine._prompt.suppressed_at_first),
            },
            beat=lambda: None,
        )


def written(engine: WhisperEngine, order: list[int]) -> list[Decoded]:
    """What the engine writes for these clips in this order, its languages taken as they are."""
    chunks = [Chunk(CLIPS[index]) for index in order]
    network = engine._network
    with torch.inference_mode():
        encoded = network.encode([chunk.samples for chunk in chunks], lambda: None)
        memory = network.decoder.listen(encoded, positions=network.config.max_target_positions)
        opening = engine._open(memory, chunks)
        opening.languages[:] = [LANGUAGES[index] for index in order]
        return engine._decode(memory, opening, chunks, lambda: None)


class TestWriting:
    def test_is_that_of_transformers_to_the_token(
        self, engine: WhisperEngine, expected: list[Decoded]
    ) -> None:
        found = written(engine, [0, 1, 2, 3])

        assert [each.tokens for each in found] == [each.tokens for each in expected]
        assert [each.finish_reason for each in found] == [each.finish_reason for each in expected]
        assert len({len(each.tokens) for each in found}) > 1

    def test_is_as_sure_as_that_of_transformers(self, engine: WhisperEngine, expected: list[Decoded]) -> None:
        for found, wanted in zip(written(engine, [0, 1, 2, 3]), expected, strict=True):
            assert found.logprobs == pytest.approx(wanted.logprobs, abs=1e-4)

    @pytest.mark.parametrize("order", [[1, 3], [3, 2, 1, 0], [2], [1, 1, 0]])
    def test_does_not_depend_on_who_else_is_written(
        self, engine: WhisperEngine, expected: list[Decoded], order: list[int]
    ) -> None:
        found = written(engine, order)

        assert [each.tokens for each in found] == [expected[index].tokens for index in order]

    def test_forgets_what_it_heard_before(self, engine: WhisperEngine) -> None:
        first = engine.recognize([Chunk(CLIPS[2])])
        engine.recognize([Chunk(clip) for clip in CLIPS])

        assert engine.recognize([Chunk(CLIPS[2])]) == first


class TestScores:
    def test_in_bfloat16_are_exact_for_the_likeliest_words(self, checkpoint: Checkpoint) -> None:
        engine = whisper.load(EngineSettings(device="cpu", dtype="bfloat16"), checkpoint)
        decoder = engine._network.decoder
        states = torch.randn(3, decoder.words.shape[1], generator=torch.Generator().manual_seed(3)).bfloat16()
        exact = states.float() @ decoder.words.float().T

        with torch.inference_mode():
            found = decoder.scores(states)

        best = exact.topk(4, dim=-1)
        torch.testing.assert_close(found.gather(1, best.indices), best.values, atol=1e-4, rtol=0)

    def test_of_what_may_not_be_written_stay_impossible(self, checkpoint: Checkpoint) -> None:
        engine = whisper.load(EngineSettings(device="cpu", dtype="bfloat16"), checkpoint)
        decoder = engine._network.decoder
        states = torch.randn(2, decoder.words.shape[1], generator=torch.Generator().manual_seed(3)).bfloat16()
        with torch.inference_mode():
            best = int(decoder.scores(states)[0].argmax())
            bias = torch.full((decoder.words.shape[0],), -torch.inf, dtype=torch.bfloat16)
            bias[best] = 0.0

            found = decoder.scores(states, bias)

        assert found.isfinite().sum().item() == 2
        assert found.argmax(dim=-1).tolist() == [best, best]


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

    def test_beats_while_it_encodes_and_writes(self, engine: WhisperEngine) -> None:
        beats: list[None] = []

        (heard,) = engine.recognize([Chunk(CLIPS[0])], beat=lambda: beats.append(None))

        assert len(beats) > len(heard.token_logprobs)

    def test_in_bfloat16_hears_in_the_layout_of_the_processor(self, checkpoint: Checkpoint) -> None:
        engine = whisper.load(EngineSettings(device="cpu", dtype="bfloat16"), checkpoint)

        assert engine.recognize([Chunk(CLIPS[0])])[0].token_logprobs
