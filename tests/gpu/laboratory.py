"""A GLM-ASR small enough to compare every token, with heads of the true size, on the GPU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import torch
from transformers import GlmAsrConfig, GlmAsrForConditionalGeneration, WhisperFeatureExtractor

from workers.engines.base import MAX_CHUNK_SECONDS, SAMPLE_RATE, Chunk, EngineIdentity, Samples
from workers.engines.batching import Budget
from workers.engines.glm_asr.doubts import never
from workers.engines.glm_asr.engine import GlmAsrEngine
from workers.engines.glm_asr.prompt import Prompt, audio_tokens
from workers.engines.glm_asr.runner import Runner
from workers.engines.glm_asr.sizing import MOST_TOKENS, Needs, Plan, free_bytes
from workers.engines.glm_asr.slots import Rules
from workers.engines.log_mel import LogMel

DEVICE: Final = torch.device("cuda:0")
PROMPT: Final = Prompt(before=(3, 4, 5), after=(6, 7, 8, 9))
TOKENS: Final = 40
"""Of every text: there is no end of sequence, so that both sides write as many."""
LIVELINESS: Final = 3.0
"""How much larger the random weights are than usual; with less the audio hardly changes the text."""


@cache
def network(dtype: torch.dtype) -> GlmAsrForConditionalGeneration:
    config = GlmAsrConfig(
        audio_config={
            "hidden_size": 256,
            "intermediate_size": 1024,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
        },
        text_config={
            "model_type": "llama",
            "vocab_size": 1000,
            "hidden_size": 512,
            "intermediate_size": 1024,
            "num_hidden_layers": 3,
            "num_attention_heads": 8,
            "num_key_value_heads": 2,
            "head_dim": 128,
            "max_position_embeddings": 8192,
        },
        audio_token_id=999,
        tie_word_embeddings=False,
    )
    torch.manual_seed(4)
    made = GlmAsrForConditionalGeneration(config).eval()
    with torch.no_grad():
        for weight in made.parameters():
            if weight.dim() > 1:
                weight.mul_(LIVELINESS)
            weight.data = weight.data.to(dtype)
    made.generation_config.pad_token_id = 0
    torch.nn.Module.to(made, DEVICE)
    return made


def features() -> WhisperFeatureExtractor:
    return WhisperFeatureExtractor(feature_size=128)


def plan_of(dtype: torch.dtype, *, slots: int) -> Plan:
    needs = Needs.of(network(dtype).config, PROMPT, dtype)
    return Plan.of(DEVICE, needs, free_bytes=free_bytes(DEVICE), most=slots)


def runner_of(dtype: torch.dtype, plan: Plan) -> Runner:
    log_mel = LogMel(features().mel_filters, DEVICE)
    rules = Rules(eos=(), most_tokens=MOST_TOKENS, stop_loops=False)
    return Runner(network(dtype), log_mel, PROMPT, plan=plan, rules=rules)


def engine_of(dtype: torch.dtype, *, slots: int) -> GlmAsrEngine:
    plan = plan_of(dtype, slots=slots)
    return GlmAsrEngine(
        runner_of(dtype, plan),
        plan=plan,
        budget=Budget(slots, slots * MAX_CHUNK_SECONDS, slots),
        identity=EngineIdentity("glm", "test", "cuda", ""),
        start=lambda wanted: runner_of(wanted, plan),
        read=lambda decoded: " ".join(map(str, decoded.tokens)),
        doubt=never,
        cap=lambda _seconds, _most: TOKENS,
    )


def clips(seconds: Sequence[float]) -> list[Samples]:
    random = np.random.default_rng(5)
    return [random.normal(0, 0.1, int(each * SAMPLE_RATE)).astype(np.float32) for each in seconds]


@dataclass(frozen=True)
class Written:
    """What one side wrote for one clip."""

    tokens: list[int]
    logprobs: list[float]


def heard(engine: GlmAsrEngine, samples: Sequence[Samples]) -> list[Written]:
    hypotheses = engine.recognize([Chunk(clip) for clip in samples])
    return [Written([int(t) for t in each.text.split()], list(each.token_logprobs)) for each in hypotheses]


def generated(dtype: torch.dtype, clip: Samples) -> Written:
    """By transformers' `generate`, alone."""
    model = network(dtype)
    mel = features()([clip], sampling_rate=SAMPLE_RATE, return_tensors="pt", return_attention_mask=True)
    ids = [*PROMPT.before, *[999] * audio_tokens(len(clip)), *PROMPT.after]
    with torch.inference_mode():
        answer = model.generate(
            input_ids=torch.tensor([ids], device=DEVICE),
            attention_mask=torch.ones(1, len(ids), dtype=torch.int64, device=DEVICE),
            input_features=mel.input_features.to(DEVICE, dtype),
            input_features_mask=mel.attention_mask.to(DEVICE),
            max_new_tokens=TOKENS,
            min_new_tokens=TOKENS,
            do_sample=False,
            output_logits=True,
            return_dict_in_generate=True,
        )
    tokens = answer.sequences[0, len(ids) :]
    scores = torch.stack([step[0] for step in answer.logits]).float().log_softmax(dim=-1)
    return Written(tokens.tolist(), scores.gather(1, tokens[:, None])[:, 0].tolist())


def agreement(found: Written, expected: Written) -> tuple[int, float]:
    """How many tokens are the same from the start, and the largest difference of log-probabilities.

    The first token that differs counts as well: if it is one of two that were all but equally
    likely, theirs are close.
    """
    pairs = list(zip(found.tokens, expected.tokens, strict=True))
    same = next((place for place, (one, other) in enumerate(pairs) if one != other), len(pairs))
    logprobs = zip(found.logprobs[: same + 1], expected.logprobs[: same + 1], strict=True)
    return same, max((abs(one - other) for one, other in logprobs), default=0.0)
