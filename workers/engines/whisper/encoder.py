"""What was said, frame by frame."""

from __future__ import annotations

import torch
from torch.nn import functional
from transformers.models.whisper.modeling_whisper import WhisperEncoder, WhisperEncoderLayer

from workers.engines.whisper.blocks import Attention, FeedForward, attend, within_float16


class Encoder:
    """The numbers of transformers' `WhisperEncoder`, with fewer passes over them."""

    def __init__(self, encoder: WhisperEncoder) -> None:
        self._near = encoder.conv1
        self._halve = encoder.conv2
        self._positions = encoder.embed_positions.weight
        self._layers = [EncoderLayer(layer) for layer in encoder.layers]
        self._norm = encoder.layer_norm

    def __call__(self, mel: torch.Tensor) -> torch.Tensor:
        """(rows, bins, mel frames) to (rows, half as many frames, width)."""
        near = functional.gelu(self._near(mel.to(self._positions.dtype)))
        x = functional.gelu(self._halve(near)).transpose(1, 2).contiguous()
        x = x + self._positions[: x.shape[1]]
        for layer in self._layers:
            x = layer(x)
        normed: torch.Tensor = self._norm(x)
        return normed


class EncoderLayer:
    def __init__(self, layer: WhisperEncoderLayer) -> None:
        self._attention = Attention(layer)
        self._feed_forward = FeedForward(layer)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        queries, keys, values = self._attention.project(x)
        x = self._attention.add(x, attend(queries, keys, values))
        return within_float16(self._feed_forward.add(x))
