"""Which token may come next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from transformers import WhisperConfig
from transformers.models.whisper.modeling_whisper import WhisperDecoder, WhisperDecoderLayer

from workers.engines.whisper.blocks import Attention, FeedForward, attend, side_by_side
from workers.engines.whisper.linear import Linear, fused, single
from workers.engines.whisper.memory import Memory, Store

LIKELIEST: Final = 8
"""Words that are scored exactly."""


class Decoder:
    """The numbers of transformers' `WhisperDecoder` and its projection to the vocabulary.

    What it knows of the audio is computed once a pass; a step reads it where it lies.
    """

    def __init__(self, decoder: WhisperDecoder, projection: torch.nn.Linear, config: WhisperConfig) -> None:
        self._config = config
        self.words = decoder.embed_tokens.weight
        self._positions = decoder.embed_positions.weight
        self._layers = [DecoderLayer(layer) for layer in decoder.layers]
        self._norm = decoder.layer_norm
        self._projection = single(projection)
        self._vocabulary = projection.weight.detach()
        self._audio = Store(self.words.device, self.words.dtype)
        self._text = Store(self.words.device, self.words.dtype)

    @property
    def device(self) -> torch.device:
        return self.words.device

    def listen(self, encoded: Sequence[torch.Tensor], *, positions: int) -> Memory:
        """Take in encoded portions, each (rows, frames, width); leaves room for so many tokens a row.

        One memory lives at a time: the next takes its place.
        """
        rows = sum(portion.shape[0] for portion in encoded)
        frames = max(portion.shape[1] for portion in encoded)
        audio = self._audio.take(*self._shape(rows, frames))
        start = 0
        for portion in encoded:
            end, known = start + portion.shape[0], portion.shape[1]
            for layer, kept in zip(self._layers, audio, strict=True):
                kept[:, start:end, :, :known] = layer.remember(portion)
                # Nobody looks there, but what is no number would spread even so.
                kept[:, start:end, :, known:] = 0.0
            start = end
        return Memory(audio, self._text.take(*self._shape(rows, positions)), self._frames(encoded, frames))

    def _shape(self, rows: int, positions: int) -> tuple[int, ...]:
        heads = self._config.decoder_attention_heads
        return (len(self._layers), 2, rows, heads, positions, self._config.d_model // heads)

    def _frames(self, encoded: Sequence[torch.Tensor], longest: int) -> torch.Tensor | None:
        if all(portion.shape[1] == longest for portion in encoded):
            return None
        counts = [portion.shape[1] for portion in encoded for _ in range(portion.shape[0])]
        lengths = torch.tensor(counts, device=self.device)
        return (torch.arange(longest, device=self.device) < lengths[:, None])[:, None, None]

    def __call__(
        self,
        tokens: torch.Tensor,
        memory: Memory,
        *,
        start: int,
        positions: torch.Tensor,
        mask: torch.Tensor | None,
    ) -> torch.Tensor:
        """Read tokens of the first rows, noting them in memory from `start` on; (rows, tokens, width)."""
        x = self.words[tokens] + self._positions[positions]
        frames = None if memory.frames is None else memory.frames[: len(tokens)]
        for number, layer in enumerate(self._layers):
            x = layer(x, memory.audio[number], frames, memory.text[number], start=start, mask=mask)
        normed: torch.Tensor = self._norm(x)
        return normed

    def scores(self, states: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
        """How likely each word is; shape (rows, vocabulary), float32."""
        scores = self._projection.plus(states, bias).float()
        return self._sharpened(scores, states) if states.dtype is torch.bfloat16 else scores

    def _sharpened(self, scores: torch.Tensor, states: torch.Tensor) -> torch.Tensor:
        """The likeliest words scored again, in float32.

        bfloat16 tells scores near 20 apart in steps of 0.125: two words in a hundred were mistaken for
        their neighbours, which float32 heard rightly.
        """
        likeliest = scores.topk(LIKELIEST, dim=-1)
        products = self._vocabulary[likeliest.indices].float() * states.float()[:, None]
        exact = products.sum(dim=-1)
        # What may not be written stays at minus infinity.
        return scores.scatter(
            1, likeliest.indices, exact.where(likeliest.values.isfinite(), likeliest.values)
        )


class DecoderLayer:
    def __init__(self, layer: WhisperDecoderLayer) -> None:
        self._attention = Attention(layer)
        self._listening = Listening(layer)
        self._feed_forward = FeedForward(layer)

    def remember(self, encoded: torch.Tensor) -> torch.Tensor:
        return self._listening.remember(encoded)

    def __call__(
        self,
        x: torch.Tensor,
        audio: torch.Tensor,
        frames: torch.Tensor | None,
        text: torch.Tensor,
        *,
        start: int,
        mask: torch.Tensor | None,
    ) -> torch.Tensor:
        rows, count, _ = x.shape
        projected = self._attention.project(x)
        text[:, :rows, :, start : start + count] = projected[1:]
        keys, values = text[:, :rows, :, : start + count]
        x = self._attention.add(x, attend(projected[0], keys, values, mask))
        x = self._listening.add(x, audio[:, :rows], frames)
        return self._feed_forward.add(x)


class Listening:
    """Positions of the text look at the audio."""

    def __init__(self, layer: WhisperDecoderLayer) -> None:
        attention = layer.encoder_attn
        self._heads = attention.num_heads
        self._head_size = attention.head_dim
        self._norm = layer.encoder_attn_layer_norm
        self._query: Linear = fused(attention.q_proj, scales=(attention.scaling,))
        self._kv = fused(attention.k_proj, attention.v_proj)
        self._out = single(attention.out_proj)

    def remember(self, encoded: torch.Tensor) -> torch.Tensor:
        """Keys and values of the audio; shape (2, rows, heads, frames, head size)."""
        rows, frames, _ = encoded.shape
        mixed = self._kv(encoded).view(rows, frames, 2, self._heads, self._head_size)
        return mixed.permute(2, 0, 3, 1, 4)

    def add(self, x: torch.Tensor, audio: torch.Tensor, frames: torch.Tensor | None) -> torch.Tensor:
        rows, count, _ = x.shape
        queries = self._query(self._norm(x)).view(rows, count, self._heads, self._head_size).transpose(1, 2)
        return x + self._out(side_by_side(attend(queries, audio[0], audio[1], frames)))
