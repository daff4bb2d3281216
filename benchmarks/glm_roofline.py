"""What the chip could do at most, and what GLM-ASR asks of it, stage by stage."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from transformers import GlmAsrConfig

from benchmarks.glm_random import PROMPT, forced_tokens
from workers.engines.base import SAMPLE_RATE, Samples
from workers.engines.glm_asr.prompt import audio_tokens
from workers.engines.glm_asr.sizing import MOST_TOKENS
from workers.engines.glm_asr.stages import Stage

MATRIX: Final = 8192
COPIED_BYTES: Final = 4 * 1024**3
REPEATS: Final = 10


@dataclass(frozen=True, slots=True)
class Chip:
    """Measured, not the datasheet's."""

    flops: float
    """Floating-point operations a second of a large product of half-precision matrices."""
    bytes: float
    """Read or written a second by a copy within the device's memory."""


def measure_chip(device: torch.device, dtype: torch.dtype) -> Chip:
    left, right = (torch.randn(MATRIX, MATRIX, device=device, dtype=dtype) for _ in range(2))
    source = torch.empty(COPIED_BYTES // 4, device=device, dtype=torch.float32)
    target = torch.empty_like(source)
    return Chip(
        flops=2 * MATRIX**3 / _seconds(lambda: torch.mm(left, right)),
        bytes=2 * COPIED_BYTES / _seconds(lambda: target.copy_(source)),
    )


def _seconds(run: Callable[[], object]) -> float:
    for _ in range(3):
        run()
    torch.cuda.synchronize()
    begun = time.perf_counter()
    for _ in range(REPEATS):
        run()
    torch.cuda.synchronize()
    return (time.perf_counter() - begun) / REPEATS


def flops_by_stage(config: GlmAsrConfig, clips: Sequence[Samples]) -> dict[Stage, float]:
    """Of matrix products alone: 2 for each weight and position, 4 for each pair of positions and width."""
    audio, text = config.audio_config, config.text_config
    frames = audio.max_position_embeddings
    width, inner = audio.hidden_size, audio.intermediate_size
    convolutions = 3 * width * (audio.num_mel_bins * 2 + width)
    layer = 4 * width**2 + 2 * width * inner
    projector = (inner * 2 * text.hidden_size + 2 * text.hidden_size**2) / 4
    encoder = 2 * frames * (convolutions + audio.num_hidden_layers * layer + projector)
    encoder += 4 * frames**2 * width * audio.num_hidden_layers
    prefill = decode = 0.0
    for clip in clips:
        prompt = len(PROMPT.before) + audio_tokens(len(clip)) + len(PROMPT.after)
        tokens = forced_tokens(len(clip) / SAMPLE_RATE, MOST_TOKENS)
        prefill += 2 * prompt * body(config) + attention(config, prompt * prompt / 2)
        decode += 2 * tokens * (body(config) + text.vocab_size * text.hidden_size)
        decode += attention(config, tokens * (prompt + tokens / 2))
    return {Stage.ENCODE: encoder * len(clips), Stage.PREFILL: prefill, Stage.DECODE: decode}


def body(config: GlmAsrConfig) -> int:
    """Weights of the language model that each position meets."""
    text = config.text_config
    heads = (2 * text.num_attention_heads + 2 * text.num_key_value_heads) * text.head_dim
    weights: int = text.num_hidden_layers * text.hidden_size * (heads + 3 * text.intermediate_size)
    return weights


def attention(config: GlmAsrConfig, pairs: float) -> float:
    text = config.text_config
    flops: float = 4 * pairs * text.num_attention_heads * text.head_dim * text.num_hidden_layers
    return flops


def decode_bytes(config: GlmAsrConfig, clips: Sequence[Samples], *, slots: int) -> float:
    """At least: the weights once a step of full slots, and a text's keys and values once a token."""
    text = config.text_config
    position = 2 * 2 * text.num_hidden_layers * text.num_key_value_heads * text.head_dim
    weights = 2 * (body(config) + text.vocab_size * text.hidden_size)
    total = 0.0
    for clip in clips:
        prompt = len(PROMPT.before) + audio_tokens(len(clip)) + len(PROMPT.after)
        tokens = forced_tokens(len(clip) / SAMPLE_RATE, MOST_TOKENS)
        total += tokens * (weights / slots + position * (prompt + tokens / 2))
    return total


def shares_of_limit(
    chip: Chip, flops: Mapping[Stage, float], seconds: Mapping[Stage, float]
) -> dict[Stage, float]:
    """What part of the matrix units' rate each stage reached, 0 to 1."""
    return {stage: flops[stage] / chip.flops / seconds[stage] for stage in flops if seconds[stage]}
