"""GLM-ASR at its true size with seeded random weights, made to write four tokens a second.

What it writes means nothing; every matrix, every launch and every byte is as with the published
weights, which cannot be had everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import torch
from transformers import GlmAsrConfig, GlmAsrForConditionalGeneration, WhisperFeatureExtractor

from workers.engines.base import MAX_CHUNK_SECONDS, SAMPLE_RATE, EngineIdentity, Samples
from workers.engines.batching import Budget
from workers.engines.decoding import Decoded, NonFinite
from workers.engines.glm_asr.doubts import never
from workers.engines.glm_asr.engine import GlmAsrEngine
from workers.engines.glm_asr.prompt import Prompt
from workers.engines.glm_asr.runner import Runner
from workers.engines.glm_asr.sizing import MOST_TOKENS, Needs, Plan, free_bytes
from workers.engines.glm_asr.slots import Rules
from workers.engines.glm_asr.stages import StageClock
from workers.engines.log_mel import LogMel

TOKENS_PER_SECOND: Final = 4
"""Of speech; people say 3 to 5."""
PROMPT: Final = Prompt(before=(59253, 10, 59261), after=(59262, 59253, *range(10, 19), 59254))
"""As many tokens as the published template has, whatever they are."""
SEED: Final = 20251209


@dataclass(frozen=True, slots=True)
class RandomGlm:
    """A network and what engines need beside it."""

    network: GlmAsrForConditionalGeneration
    features: WhisperFeatureExtractor
    plan: Plan

    def engine(self, clock: StageClock | None = None) -> GlmAsrEngine:
        """Takes the memory of its slots; `close` gives it back."""
        start = partial(self._runner, clock)
        chunks = self.plan.batch_chunks
        return GlmAsrEngine(
            start(self.network.dtype),
            plan=self.plan,
            budget=Budget(chunks, chunks * MAX_CHUNK_SECONDS, chunks),
            identity=EngineIdentity("glm-asr random", "benchmark", str(self.network.device), ""),
            start=start,
            read=as_numbers,
            doubt=never,
            cap=forced_tokens,
        )

    def _runner(self, clock: StageClock | None, dtype: torch.dtype) -> Runner:
        if dtype is not self.network.dtype:
            raise NonFinite  # another precision would be another measurement
        log_mel = LogMel(self.features.mel_filters, self.network.device)
        rules = Rules(eos=(), most_tokens=MOST_TOKENS, stop_loops=False)
        return Runner(self.network, log_mel, PROMPT, plan=self.plan, rules=rules, clock=clock)


TINY: Final = {
    "audio_config": {
        "hidden_size": 64,
        "intermediate_size": 256,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
    },
    "text_config": {
        "model_type": "llama",
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
    },
}
"""A ten-thousandth of the true size, to see without a GPU that everything runs."""


def build(*, device: str, dtype: torch.dtype, tiny: bool = False) -> RandomGlm:
    """The same numbers each time on the same kind of device."""
    config = GlmAsrConfig(**(TINY if tiny else {}))
    torch.manual_seed(SEED)
    usual = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            network = GlmAsrForConditionalGeneration(config).eval()
    finally:
        torch.set_default_dtype(usual)
    network.generation_config.pad_token_id = 0
    where = network.device
    plan = Plan.of(where, Needs.of(config, PROMPT, dtype), free_bytes=free_bytes(where))
    return RandomGlm(network, WhisperFeatureExtractor(feature_size=config.audio_config.num_mel_bins), plan)


def build_engine() -> GlmAsrEngine:
    """On the first GPU, in float16."""
    return build(device="cuda:0", dtype=torch.float16).engine()


def forced_tokens(seconds: float, most: int) -> int:
    """How many tokens a text has, whoever decodes it."""
    return max(1, min(most, round(seconds * TOKENS_PER_SECOND)))


def as_numbers(decoded: Decoded) -> str:
    """There is no vocabulary."""
    return " ".join(map(str, decoded.tokens))


def windows(mix: str, count: int) -> list[Samples]:
    """Noise, 30 s at most each. Mixes: `full` (all 30 s), `vad` (5 to 30 s), `short` (2 to 8 s)."""
    shortest, longest = {"full": (30.0, 30.0), "vad": (5.0, 30.0), "short": (2.0, 8.0)}[mix]
    random = np.random.default_rng(SEED)
    # One stretch of noise, of which each window is a part: making it anew takes longer than hearing it.
    noise = random.normal(0, 0.1, int(2 * MAX_CHUNK_SECONDS * SAMPLE_RATE)).astype(np.float32)
    lengths = random.uniform(shortest, longest, count)
    starts = random.uniform(0, MAX_CHUNK_SECONDS, count)
    pairs = zip((starts * SAMPLE_RATE).astype(int), (lengths * SAMPLE_RATE).astype(int), strict=True)
    return [noise[start : start + length] for start, length in pairs]
