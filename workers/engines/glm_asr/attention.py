"""Attention of the language model over slots of different lengths: a fast way and a plain one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from inspect import signature
from typing import Final, Protocol, cast

import torch
from torch.nn import functional
from torch.nn.attention.varlen import varlen_attn

from workers.engines.glm_asr.transfers import to_device

logger = logging.getLogger(__name__)

unsplit_varlen_attn = (
    partial(varlen_attn, num_splits=1) if "num_splits" in signature(varlen_attn).parameters else varlen_attn
)
"""Split keys left rows unwritten in torch 2.13 (pytorch #194167), and one split makes what a slot hears
independent of its neighbours' lengths. Older versions have no such switch."""
TOLERANCE: Final = 2e-2
"""Largest difference between the two ways on unit-normal inputs in half precision."""


@dataclass(frozen=True, slots=True)
class Packed:
    """Sequences one behind the other, without padding."""

    lengths: tuple[int, ...]
    bounds: torch.Tensor
    """Where each begins and the last ends; shape (sequences + 1,), int32, on the device."""

    @classmethod
    def of(cls, lengths: Sequence[int], device: torch.device) -> Packed:
        bounds = torch.zeros(len(lengths) + 1, dtype=torch.int32)
        bounds[1:] = torch.tensor(lengths, dtype=torch.int32).cumsum(0)
        return cls(tuple(lengths), to_device(bounds, device))


class Attention(Protocol):
    """Queries have H heads, keys and values K of them; H is a multiple of K."""

    def prefill(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, packed: Packed) -> torch.Tensor:
        """Causal within each sequence. q: (tokens, H, D); k, v: (tokens, K, D); like q."""
        ...

    def decode(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """One query a slot, over the first `valid` keys of its slot.

        q: (slots, H, D); k, v: (slots, positions, K, D), a slot's keys evenly strided; valid:
        (slots,), int32, at least 1; like q.
        """
        ...


class PlainAttention:
    """For CPUs and old GPUs. The query heads that share a key head go as rows of one small matrix,
    so that keys and values are read once and never repeated."""

    def prefill(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, packed: Packed) -> torch.Tensor:
        parts = []
        lengths = list(packed.lengths)
        sequences = (torch.split(q, lengths), torch.split(k, lengths), torch.split(v, lengths))
        for one, its_k, its_v in zip(*sequences, strict=True):
            heard = functional.scaled_dot_product_attention(
                one.transpose(0, 1)[None],
                its_k.transpose(0, 1)[None],
                its_v.transpose(0, 1)[None],
                is_causal=True,
                enable_gqa=True,
            )
            parts.append(heard[0].transpose(0, 1))
        return torch.cat(parts)

    def decode(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        slots, heads, size = q.shape
        if q.device.type == "cpu":
            longest = int(valid.max())
            k, v = k[:, :longest], v[:, :longest]
        mask = torch.arange(k.shape[1], device=q.device) < valid[:, None]
        heard = functional.scaled_dot_product_attention(
            q.view(slots, k.shape[2], -1, size),
            k.transpose(1, 2),
            v.transpose(1, 2),
            attn_mask=mask[:, None, None],
        )
        return heard.reshape(slots, heads, size)


class VarlenAttention:
    """torch's own flash attention for sequences of different lengths: reads valid keys only."""

    def __init__(self) -> None:
        self._bounds: dict[tuple[int, int], tuple[torch.Tensor, torch.Tensor]] = {}
        """By slots and positions; made once, not at each of 28 layers."""

    def prefill(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, packed: Packed) -> torch.Tensor:
        longest = max(packed.lengths)
        heard = varlen_attn(
            q, k, v, packed.bounds, packed.bounds, longest, longest, window_size=(-1, 0), enable_gqa=True
        )
        return cast("torch.Tensor", heard)

    def decode(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        positions = k.shape[1]
        queries, keys = self._bounds_of(k.shape[0], positions, q.device)
        heard = unsplit_varlen_attn(
            q,
            k.flatten(0, 1),
            v.flatten(0, 1),
            queries,
            keys,
            1,
            positions,
            enable_gqa=True,
            seqused_k=valid,
        )
        return cast("torch.Tensor", heard)

    def _bounds_of(
        self, slots: int, positions: int, device: torch.device
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if (slots, positions) not in self._bounds:
            places = torch.arange(slots + 1, dtype=torch.int32, device=device)
            self._bounds[slots, positions] = places, places * positions
        return self._bounds[slots, positions]


def chosen(device: torch.device, dtype: torch.dtype, *, heads: int, key_heads: int, size: int) -> Attention:
    """The fast way where it works on this device and agrees with the plain one, else the plain one."""
    plain = PlainAttention()
    if device.type != "cuda" or dtype not in {torch.float16, torch.bfloat16}:
        return plain
    fast = VarlenAttention()
    try:
        difference = _difference(fast, plain, device, dtype, heads=(heads, key_heads, size))
    except (RuntimeError, TypeError) as error:  # not compiled for this GPU, or an older torch
        logger.warning("no fast attention here, using the plain one", extra={"reason": str(error)[:200]})
        return plain
    if not difference <= TOLERANCE:  # NaN is not
        logger.warning("fast attention disagrees, using the plain one", extra={"difference": difference})
        return plain
    return fast


def _difference(
    fast: Attention,
    plain: Attention,
    device: torch.device,
    dtype: torch.dtype,
    *,
    heads: tuple[int, int, int],
) -> float:
    """The largest, over a prefill and a decode of random numbers laid out as in a slot."""
    queries, keys, size = heads
    lengths = (391, 17, 64, 1)
    random = torch.Generator(device).manual_seed(1)
    normal = partial(torch.randn, generator=random, device=device, dtype=dtype)
    q, kv = normal(sum(lengths), queries, size), normal(sum(lengths), 2, keys, size)
    packed = Packed.of(lengths, device)
    prefills = [way.prefill(q, kv[:, 0], kv[:, 1], packed) for way in (fast, plain)]
    q, kv = normal(len(lengths), queries, size), normal(len(lengths), 512, 2, keys, size)
    valid = torch.tensor(lengths, dtype=torch.int32, device=device)
    decodes = [way.decode(q, kv[:, :, 0], kv[:, :, 1], valid) for way in (fast, plain)]
    return max(float((one - other).abs().max()) for one, other in (prefills, decodes))
