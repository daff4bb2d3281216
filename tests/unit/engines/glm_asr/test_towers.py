"""Encoder and decoder, against the modules they replace."""

from __future__ import annotations

import pytest
import torch
from transformers import GlmAsrForConditionalGeneration, GlmAsrProcessor

from core.errors import CheckpointUnavailable
from tests.unit.engines.glm_asr.conftest import clips
from workers.engines.base import SAMPLE_RATE
from workers.engines.glm_asr.attention import Packed, PlainAttention
from workers.engines.glm_asr.decoder import Decoder
from workers.engines.glm_asr.encoder import Encoder

CPU = torch.device("cpu")
POSITIONS = 64
LARGEST_DIFFERENCE = 1e-5
"""Relative to the largest number, in float32: only the order of sums differs."""


def difference(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float((found - expected).abs().max() / expected.abs().max())


@pytest.fixture(autouse=True)
def no_gradients() -> None:
    torch.set_grad_enabled(False)


class TestEncoder:
    def test_equals_the_checkpoints_own(
        self, network: GlmAsrForConditionalGeneration, processor: GlmAsrProcessor
    ) -> None:
        mel = processor.feature_extractor(
            clips([2.0, 30.0, 11.3]), sampling_rate=SAMPLE_RATE, return_tensors="pt"
        ).input_features
        whole = torch.ones(3, 3000, dtype=torch.int64)
        for name, weight in network.model.audio_tower.named_parameters():
            if name.endswith("bias"):  # zero in a new network
                weight.data.normal_(0, 0.1)
        expected = network.model.get_audio_features(mel, whole, return_dict=True)

        found = Encoder(network)(mel)

        assert difference(found.flatten(0, 1), expected.pooler_output) < LARGEST_DIFFERENCE

    def test_leaves_the_checkpoints_own_as_it_was(self, network: GlmAsrForConditionalGeneration) -> None:
        mel = torch.randn(1, 128, 3000)
        before = network.model.audio_tower(mel).last_hidden_state

        Encoder(network)

        assert torch.equal(network.model.audio_tower(mel).last_hidden_state, before)


class TestDecoder:
    @pytest.fixture
    def decoder(self, network: GlmAsrForConditionalGeneration) -> Decoder:
        return Decoder(network, PlainAttention(), positions=POSITIONS)

    def test_scores_as_the_checkpoints_own_does(
        self, network: GlmAsrForConditionalGeneration, decoder: Decoder
    ) -> None:
        texts = [torch.randint(7, 200, (length,)) for length in (9, 3, 17)]
        expected = [network(input_ids=text[None]).logits[0, -1] for text in texts]
        cache = decoder.new_cache(4)
        slots = [2, 0, 3]
        prompts = [text[:-1] for text in texts]
        positions = [torch.arange(len(prompt)) for prompt in prompts]

        decoder.prefill(
            decoder.embed(torch.cat(prompts)),
            cache,
            packed=Packed.of([len(prompt) for prompt in prompts], CPU),
            positions=torch.cat(positions),
            at=torch.cat([slot * POSITIONS + p for slot, p in zip(slots, positions, strict=True)]),
        )
        tokens, places = torch.zeros(4, dtype=torch.int64), torch.zeros(4, dtype=torch.int64)
        for slot, text in zip(slots, texts, strict=True):
            tokens[slot], places[slot] = text[-1], len(text) - 1
        found = decoder.step(tokens, places, places + 1, cache)

        for slot, scores in zip(slots, expected, strict=True):
            assert difference(found[slot], scores) < LARGEST_DIFFERENCE

    def test_may_run_the_first_slots_only(self, decoder: Decoder) -> None:
        tokens, places = torch.tensor([5, 6, 7, 8]), torch.zeros(4, dtype=torch.int64)
        all_of_them = decoder.step(tokens, places, places + 1, decoder.new_cache(4))

        cache = decoder.new_cache(4)
        first_two = decoder.step(tokens[:2], places[:2], places[:2] + 1, cache[:, :2])

        torch.testing.assert_close(first_two, all_of_them[:2])
        assert not cache[:, 2:].any()

    def test_of_another_build_is_refused(self, network: GlmAsrForConditionalGeneration) -> None:
        network.config.text_config.hidden_act = "gelu"

        with pytest.raises(CheckpointUnavailable):
            Decoder(network, PlainAttention(), positions=POSITIONS)
