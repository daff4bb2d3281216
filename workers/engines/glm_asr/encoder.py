"""The audio tower: mel frames of 30 s windows become positions of the language model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch.nn import functional
from transformers import GlmAsrForConditionalGeneration
from transformers.activations import ACT2FN
from transformers.models.glmasr.modeling_glmasr import GlmAsrEncoderLayer

from workers.engines.glm_asr.fusing import fused
from workers.engines.glm_asr.rotary import Rotary, turn_


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer's weights, with the three projections of attention as one matrix."""

    first_norm: torch.nn.LayerNorm
    qkv: torch.Tensor
    qkv_bias: torch.Tensor
    out: torch.nn.Linear
    second_norm: torch.nn.LayerNorm
    up: torch.nn.Linear
    down: torch.nn.Linear

    @classmethod
    def of(cls, layer: GlmAsrEncoderLayer) -> Self:
        attention = layer.self_attn
        q, k, v = attention.q_proj, attention.k_proj, attention.v_proj
        return cls(
            first_norm=layer.input_layernorm,
            qkv=fused(q, k, v),
            qkv_bias=torch.cat((q.bias, torch.zeros_like(q.bias), v.bias)),
            out=attention.o_proj,
            second_norm=layer.post_attention_layernorm,
            up=layer.mlp.fc1,
            down=layer.mlp.fc2,
        )


class Encoder:
    """GlmAsrEncoder and its projector, with fewer and larger operations.

    No mask: a window is always the full 30 s, as in training, so what a chunk becomes does not
    depend on what is encoded beside it.
    """

    def __init__(self, network: GlmAsrForConditionalGeneration) -> None:
        tower, config = network.model.audio_tower, network.config.audio_config
        self.heads = config.num_attention_heads
        self.window_frames = 2 * config.max_position_embeddings
        self._tower = tower
        self._projector = network.model.multi_modal_projector
        self._act = ACT2FN[config.hidden_act]
        self._merged = config.intermediate_size
        self._layers = [Layer.of(layer) for layer in tower.layers]
        self._rotary = Rotary.of(
            config.rope_parameters,
            head_size=config.hidden_size // self.heads,
            positions=config.max_position_embeddings,
            dtype=network.dtype,
            device=network.device,
        )

    def __call__(self, mel: torch.Tensor) -> torch.Tensor:
        """mel: (windows, bins, 3000), in the model's precision. Gives (windows, 375, hidden)."""
        x = functional.gelu(self._tower.conv1(mel))
        x = functional.gelu(self._tower.conv2(x)).transpose(1, 2).contiguous()
        for layer in self._layers:
            x = x + layer.out(self._attend(layer, layer.first_norm(x)))
            x = x + layer.down(self._act(layer.up(layer.second_norm(x))))
        x = self._tower.norm(x)
        embedded: torch.Tensor = self._projector(x.reshape(x.shape[0], -1, self._merged))
        return embedded

    def _attend(self, layer: Layer, x: torch.Tensor) -> torch.Tensor:
        windows, frames, width = x.shape
        qkv = functional.linear(x, layer.qkv, layer.qkv_bias).view(windows, frames, 3, self.heads, -1)
        turn_(qkv[:, :, :2], self._rotary.cos[:frames, None, None], self._rotary.sin[:frames, None, None])
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        heard = functional.scaled_dot_product_attention(q, k, v)
        return heard.transpose(1, 2).reshape(windows, frames, width)
