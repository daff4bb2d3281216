"""The language model: prompts packed one behind the other, then a token a slot and step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch.nn import functional
from transformers import GlmAsrForConditionalGeneration
from transformers.models.llama.modeling_llama import LlamaDecoderLayer

from core.errors import CheckpointUnavailable
from workers.engines.glm_asr.attention import Attention, Packed
from workers.engines.glm_asr.fusing import fused
from workers.engines.glm_asr.rotary import Rotary, turn_


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer's weights, with what reads the same input as one matrix."""

    first_norm: torch.Tensor
    qkv: torch.Tensor
    out: torch.Tensor
    second_norm: torch.Tensor
    gate_up: torch.Tensor
    down: torch.Tensor

    @classmethod
    def of(cls, layer: LlamaDecoderLayer) -> Self:
        attention, mlp = layer.self_attn, layer.mlp
        return cls(
            first_norm=layer.input_layernorm.weight,
            qkv=fused(attention.q_proj, attention.k_proj, attention.v_proj),
            out=attention.o_proj.weight,
            second_norm=layer.post_attention_layernorm.weight,
            gate_up=fused(mlp.gate_proj, mlp.up_proj),
            down=mlp.down_proj.weight,
        )


class Decoder:
    """LlamaForCausalLM over a cache of slots: (layers, slots, positions, 2, key heads, head size)."""

    def __init__(
        self, network: GlmAsrForConditionalGeneration, attention: Attention, *, positions: int
    ) -> None:
        config = network.config.text_config
        if config.hidden_act != "silu" or config.attention_bias or config.mlp_bias:
            raise CheckpointUnavailable("The checkpoint's language model is not built as GLM-ASR's is.")
        language = network.model.language_model
        self.heads, self.key_heads = config.num_attention_heads, config.num_key_value_heads
        self.head_size = config.head_dim
        self.positions = positions
        self.vocabulary = network.lm_head.weight.shape[0]
        self._epsilon = config.rms_norm_eps
        self._attention = attention
        self._embedding = language.embed_tokens.weight
        self._layers = [Layer.of(layer) for layer in language.layers]
        self._norm = language.norm.weight
        self._head = network.lm_head.weight
        self._rotary = Rotary.of(
            config.rope_parameters,
            head_size=self.head_size,
            positions=positions,
            dtype=network.dtype,
            device=network.device,
        )

    def new_cache(self, slots: int) -> torch.Tensor:
        """Zeros: what is masked away must at least be a number."""
        shape = (len(self._layers), slots, self.positions, 2, self.key_heads, self.head_size)
        return torch.zeros(shape, dtype=self._head.dtype, device=self._head.device)

    def embed(self, tokens: torch.Tensor) -> torch.Tensor:
        return functional.embedding(tokens, self._embedding)

    def prefill(
        self,
        x: torch.Tensor,
        cache: torch.Tensor,
        *,
        packed: Packed,
        positions: torch.Tensor,
        at: torch.Tensor,
    ) -> None:
        """Read prompts into the cache; no scores, for the last token of each is left to the first step.

        x: (tokens, hidden); positions: (tokens,), each prompt from 0; at: (tokens,), where each
        token's keys go in (slots * positions).
        """
        cos, sin = self._rotary.cos[positions, None], self._rotary.sin[positions, None]
        for layer, kept in zip(self._layers, cache.flatten(1, 2), strict=True):
            q, kv = self._project(layer, x, cos, sin)
            kept.index_copy_(0, at, kv)
            heard = self._attention.prefill(q, kv[:, 0], kv[:, 1], packed)
            x = self._finish(layer, x, heard)

    def step(
        self, tokens: torch.Tensor, places: torch.Tensor, valid: torch.Tensor, cache: torch.Tensor
    ) -> torch.Tensor:
        """One more token in each of the cache's slots, and the scores of the next.

        tokens, places, valid: (slots,), the token, its position, and how many positions it sees;
        cache may be of the first slots only. Gives (slots, vocabulary).
        """
        slots = tokens.shape[0]
        x = self.embed(tokens)
        cos, sin = self._rotary.cos[places, None], self._rotary.sin[places, None]
        at = torch.arange(slots, device=tokens.device) * self.positions + places
        valid = valid.to(torch.int32)
        for layer, kept in zip(self._layers, cache, strict=True):
            q, kv = self._project(layer, x, cos, sin)
            kept.flatten(0, 1).index_copy_(0, at, kv)
            heard = self._attention.decode(q, kept[:, :, 0], kept[:, :, 1], valid)
            x = self._finish(layer, x, heard)
        return self._scores(x)

    def _project(
        self, layer: Layer, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Queries (tokens, H, D), and keys and values (tokens, 2, K, D)."""
        qkv = functional.linear(self._normed(x, layer.first_norm), layer.qkv)
        heads = qkv.view(x.shape[0], -1, self.head_size)
        turn_(heads[:, : self.heads + self.key_heads], cos, sin)
        kv = heads[:, self.heads :].view(x.shape[0], 2, self.key_heads, self.head_size)
        return heads[:, : self.heads], kv

    def _finish(self, layer: Layer, x: torch.Tensor, heard: torch.Tensor) -> torch.Tensor:
        # addmm adds to the residual inside the matrix product.
        x.addmm_(heard.reshape(x.shape[0], -1), layer.out.T)
        gate, up = functional.linear(self._normed(x, layer.second_norm), layer.gate_up).chunk(2, dim=-1)
        return x.addmm_(functional.silu(gate).mul_(up), layer.down.T)

    def _scores(self, x: torch.Tensor) -> torch.Tensor:
        return functional.linear(self._normed(x, self._norm), self._head)

    def _normed(self, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return functional.rms_norm(x, (x.shape[-1],), weight, self._epsilon)
