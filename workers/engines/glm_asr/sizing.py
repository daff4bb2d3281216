"""How many slots, how large an encoder batch and which graphs a device's free memory affords."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch
from transformers import GlmAsrConfig

from workers.engines.glm_asr.graphs import buckets_up_to
from workers.engines.glm_asr.prompt import Prompt

MOST_TOKENS: Final = 448
"""Of any text."""
MOST_SLOTS: Final = 256
"""With more the weights are read hardly less often for each token; see docs/engine.md."""
FEWEST_GRAPHED: Final = 32
MOST_WINDOWS: Final = 32
"""Encoded at once: the matrix units are full from 8 on, and a step stays under a tenth of a second."""
MOST_GRAPHED_WINDOWS: Final = 8
MEMORY_SHARE: Final = 0.85
"""Of what is free; the rest is the allocator's, the graphs' and the libraries' own."""
CPU_SLOTS: Final = 8


@dataclass(frozen=True, slots=True)
class Needs:
    """Bytes on the device."""

    slot: int
    """Keys and values of every position, scores, and what is known of its text."""
    window: int
    """At the encoder's widest point, with its mel spectrum and its prompt's prefill."""

    @classmethod
    def of(cls, config: GlmAsrConfig, prompt: Prompt, dtype: torch.dtype) -> Needs:
        text, audio = config.text_config, config.audio_config
        positions = positions_for(prompt)
        cache = 2 * text.num_hidden_layers * text.num_key_value_heads * text.head_dim * positions
        scores = text.vocab_size * (dtype.itemsize + 4 * 4 + 1)
        frames = audio.max_position_embeddings
        # Input, its norm, three projections, attention's output, and the feed-forward before and after gelu.
        encoder = frames * (8 * audio.hidden_size + 2 * audio.intermediate_size)
        prefill = prompt.longest * (8 * text.hidden_size + 4 * text.intermediate_size)
        # float32 waves and a complex spectrum of 201 bins for each of the frames before the stride.
        mel = 4 * 480_000 + 2 * frames * 201 * (8 + 4 + 4)
        return cls(
            slot=cache * dtype.itemsize + scores + 12 * (MOST_TOKENS + 1),
            window=max(encoder, prefill) * dtype.itemsize + mel,
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What one engine holds on its device."""

    slots: int
    windows: int
    """Encoded and prefilled at once."""
    slot_buckets: tuple[int, ...]
    """Numbers of slots that have a recorded step; on a CPU any number is run."""
    window_buckets: tuple[int, ...]
    steps_per_launch: int
    """Steps queued before the host looks at what has ended."""

    @property
    def batch_chunks(self) -> int:
        """Of a device batch: where the next one overlaps, half of the slots, so that two fill them and
        little is claimed before there is a slot for it."""
        return max(1, self.slots // 2) if self.window_buckets else self.slots

    @classmethod
    def of(cls, device: torch.device, needs: Needs, *, free_bytes: int, most: int | None = None) -> Plan:
        """The most slots and windows that fit, powers of two; `most` caps the slots."""
        if device.type != "cuda":
            slots = most or CPU_SLOTS
            return cls(slots, min(slots, CPU_SLOTS), (slots,), (), steps_per_launch=1)
        room = int(free_bytes * MEMORY_SHARE)
        windows = _halved_until(MOST_WINDOWS, lambda count: count * needs.window <= room // 4)
        left = room - windows * needs.window
        slots = _halved_until(MOST_SLOTS, lambda count: count * needs.slot <= left)
        slots = min(slots, most or slots)
        return cls(
            slots=slots,
            windows=min(windows, slots),
            slot_buckets=buckets_up_to(slots, least=min(FEWEST_GRAPHED, slots)),
            window_buckets=buckets_up_to(min(windows, MOST_GRAPHED_WINDOWS), least=1),
            steps_per_launch=4,
        )


def _halved_until(most: int, fits: Callable[[int], bool]) -> int:
    """At least one: a device that cannot hold that will say so itself."""
    count = most
    while count > 1 and not fits(count):
        count //= 2
    return count


def free_bytes(device: torch.device) -> int:
    """What can still be taken of a GPU's memory; 0 for a CPU, whose plan does not ask."""
    if device.type != "cuda":
        return 0
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info(device)
    return free


def positions_for(prompt: Prompt) -> int:
    """Of a slot: the longest prompt, the longest text, and one where a slot that stands still writes."""
    return prompt.longest + MOST_TOKENS + 1
