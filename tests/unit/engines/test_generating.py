from __future__ import annotations

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from tests.unit.engines.generating import Ending, decode
from workers.engines.base import FinishReason, no_beat
from workers.engines.decoding import Decoded, NonFinite

VOCABULARY = 50
PROMPTS = torch.tensor([[1, 2, 3, 4], [9, 8, 7, 6]])
NEVER = (VOCABULARY - 1,)


@pytest.fixture
def network() -> LlamaForCausalLM:
    """Random weights, large enough that it does not say the same token for ever."""
    torch.manual_seed(1)
    network = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            initializer_range=1.0,
        )
    )
    network.eval()
    return network


def run(network: LlamaForCausalLM, ending: Ending, prompts: torch.Tensor = PROMPTS) -> list[Decoded]:
    inputs = {"input_ids": prompts, "attention_mask": torch.ones_like(prompts)}
    with torch.inference_mode():
        return decode(network, inputs, prompt_length=prompts.shape[1], ending=ending, config={}, beat=no_beat)


def greedy(network: LlamaForCausalLM, prompt: list[int], steps: int) -> tuple[list[int], list[float]]:
    """The slow way: no cache, one row, all scores."""
    tokens, logprobs = list(prompt), []
    for _ in range(steps):
        with torch.inference_mode():
            scores = network(torch.tensor([tokens])).logits[0, -1].float().log_softmax(dim=-1)
        tokens.append(int(scores.argmax()))
        logprobs.append(float(scores.max()))
    return tokens[len(prompt) :], logprobs


class TestDecode:
    def test_chooses_the_likeliest_tokens_and_tells_how_likely(self, network: LlamaForCausalLM) -> None:
        first, second = run(network, Ending(eos=NEVER, caps=(12, 12)))

        for decoded, prompt in ((first, PROMPTS[0]), (second, PROMPTS[1])):
            tokens, logprobs = greedy(network, prompt.tolist(), 12)
            assert list(decoded.tokens) == tokens
            assert decoded.logprobs == pytest.approx(logprobs, abs=1e-4)

    def test_stops_each_row_at_its_own_cap(self, network: LlamaForCausalLM) -> None:
        first, second = run(network, Ending(eos=NEVER, caps=(3, 12)))

        assert (len(first.tokens), first.finish_reason) == (3, FinishReason.LENGTH)
        assert (len(second.tokens), second.finish_reason) == (12, FinishReason.LENGTH)

    def test_leaves_the_end_of_sequence_out(self, network: LlamaForCausalLM) -> None:
        tokens, _ = greedy(network, PROMPTS[0].tolist(), 12)
        end = next(token for token in tokens[3:] if token not in tokens[:3])

        decoded, _ = run(network, Ending(eos=(end,), caps=(12, 12)))

        assert decoded.finish_reason is FinishReason.EOS
        assert list(decoded.tokens) == tokens[: tokens.index(end)]
        assert len(decoded.logprobs) == len(decoded.tokens)

    def test_takes_any_of_several_ends(self, network: LlamaForCausalLM) -> None:
        tokens, _ = greedy(network, PROMPTS[0].tolist(), 1)

        decoded, _ = run(network, Ending(eos=(*NEVER, tokens[0]), caps=(12, 12)))

        assert decoded == Decoded((), (), FinishReason.EOS)

    def test_cuts_a_loop_after_its_first_round(self, network: LlamaForCausalLM) -> None:
        with torch.no_grad():
            network.lm_head.weight.zero_()  # every token is as likely as the first

        (decoded,) = run(network, Ending(eos=NEVER, caps=(40,)), PROMPTS[:1])

        assert decoded.finish_reason is FinishReason.LOOP
        assert decoded.tokens == (0,)
        assert len(decoded.logprobs) == 1

    def test_beats_at_every_step(self, network: LlamaForCausalLM) -> None:
        beats: list[None] = []
        inputs = {"input_ids": PROMPTS, "attention_mask": torch.ones_like(PROMPTS)}

        decode(
            network,
            inputs,
            prompt_length=4,
            ending=Ending(eos=NEVER, caps=(7, 5)),
            config={},
            beat=lambda: beats.append(None),
        )

        assert len(beats) == 7

    def test_refuses_scores_that_are_no_numbers(self, network: LlamaForCausalLM) -> None:
        with torch.no_grad():
            network.lm_head.weight[3] = float("nan")

        with pytest.raises(NonFinite):
            run(network, Ending(eos=NEVER, caps=(5, 5)))
