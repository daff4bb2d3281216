"""What encoder and decoder layers of Whisper have in common."""

from __future__ import annotations

import torch
from torch.nn import functional
from transformers.models.whisper.modeling_whisper import WhisperDecoderLayer, WhisperEncoderLayer

from workers.engines.whisper.linear import fused, single


class Attention:
    """Positions of one sequence look at each other."""

    def __init__(self, layer: WhisperEncoderLayer | WhisperDecoderLayer) -> None:
        attention = layer.self_attn
        self.heads = attention.num_heads
        self.head_size = attention.head_dim
        self._norm = layer.self_attn_layer_norm
        self._qkv = fused(
            attention.q_proj, attention.k_proj, attention.v_proj, scales=(attention.scaling, 1.0, 1.0)
        )
        self._out = single(attention.out_proj)

    def project(self, x: torch.Tensor) -> torch.Tensor:
        """Scaled queries, keys and values; shape (3, rows, heads, positions, head size)."""
        rows, positions, _ = x.shape
        mixed = self._qkv(self._norm(x)).view(rows, positions, 3, self.heads, self.head_size)
        return mixed.permute(2, 0, 3, 1, 4)

    def add(self, x: torch.Tensor, attended: torch.Tensor) -> torch.Tensor:
        return x + self._out(side_by_side(attended))


class FeedForward:
    """Each position on its own."""

    def __init__(self, layer: WhisperEncoderLayer | WhisperDecoderLayer) -> None:
        self._norm = layer.final_layer_norm
        self._widen = single(layer.fc1, gelu=True)
        self._narrow = single(layer.fc2)

    def add(self, x: torch.Tensor) -> torch.Tensor:
        return x + self._narrow(self._widen(self._norm(x)))


def attend(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, mask: torch.Tensor | None = None
) -> torch.Tensor:
    """Queries are scaled already. Where a mask is given, it is true where a query may look."""
    return functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask, scale=1.0)


def side_by_side(heads: torch.Tensor) -> torch.Tensor:
    """(rows, heads, positions, head size) to (rows, positions, width)."""
    return heads.transpose(1, 2).flatten(2)


def within_float16(x: torch.Tensor) -> torch.Tensor:
    """As transformers does: some checkpoints' encoders leave the range of float16."""
    if x.dtype is not torch.float16:
        return x
    most = torch.finfo(x.dtype).max - 1000
    return x.clamp(min=-most, max=most)
