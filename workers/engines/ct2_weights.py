"""CTranslate2's Whisper tensors under the names that transformers gives them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from workers.engines import ct2_file

Weights = dict[str, torch.Tensor]


def renamed(tensors: Mapping[str, ct2_file.Tensor]) -> Weights:
    """Every weight of the model, in float16; the output projection is tied to the embedding and left out."""
    return _Renaming(tensors).all()


class _Renaming:
    """CTranslate2 stacks projections of the same input; Whisper keeps them apart, its key without bias."""

    def __init__(self, tensors: Mapping[str, ct2_file.Tensor]) -> None:
        self._tensors = tensors
        self._weights: Weights = {}

    def all(self) -> Weights:
        for side in ("encoder", "decoder"):
            self._move(f"{side}/position_encodings/encodings", f"model.{side}.embed_positions.weight")
            self._norm(f"{side}/layer_norm", f"model.{side}.layer_norm")
            for layer in range(self._depth(side)):
                self._layer(f"{side}/layer_{layer}", f"model.{side}.layers.{layer}")
        self._move("decoder/embeddings/weight", "model.decoder.embed_tokens.weight")
        for number in (1, 2):
            self._linear(f"encoder/conv{number}", f"model.encoder.conv{number}")
        return self._weights

    def _depth(self, side: str) -> int:
        found = {name.split("/")[1] for name in self._tensors if name.startswith(f"{side}/layer_")}
        return len(found - {"layer_norm"})

    def _layer(self, old: str, new: str) -> None:
        self._self_attention(f"{old}/self_attention", f"{new}.self_attn")
        self._norm(f"{old}/self_attention/layer_norm", f"{new}.self_attn_layer_norm")
        if old.startswith("decoder"):
            self._cross_attention(f"{old}/attention", f"{new}.encoder_attn")
            self._norm(f"{old}/attention/layer_norm", f"{new}.encoder_attn_layer_norm")
        self._norm(f"{old}/ffn/layer_norm", f"{new}.final_layer_norm")
        self._linear(f"{old}/ffn/linear_0", f"{new}.fc1")
        self._linear(f"{old}/ffn/linear_1", f"{new}.fc2")

    def _self_attention(self, old: str, new: str) -> None:
        query, key, value = self._parts(f"{old}/linear_0/weight", 3)
        query_bias, _, value_bias = self._parts(f"{old}/linear_0/bias", 3)
        self._weights[f"{new}.q_proj.weight"] = query
        self._weights[f"{new}.q_proj.bias"] = query_bias
        self._key_and_value(new, key, value, value_bias)
        self._linear(f"{old}/linear_1", f"{new}.out_proj")

    def _cross_attention(self, old: str, new: str) -> None:
        key, value = self._parts(f"{old}/linear_1/weight", 2)
        _, value_bias = self._parts(f"{old}/linear_1/bias", 2)
        self._linear(f"{old}/linear_0", f"{new}.q_proj")
        self._key_and_value(new, key, value, value_bias)
        self._linear(f"{old}/linear_2", f"{new}.out_proj")

    def _key_and_value(
        self, new: str, key: torch.Tensor, value: torch.Tensor, value_bias: torch.Tensor
    ) -> None:
        self._weights[f"{new}.k_proj.weight"] = key
        self._weights[f"{new}.v_proj.weight"] = value
        self._weights[f"{new}.v_proj.bias"] = value_bias

    def _norm(self, old: str, new: str) -> None:
        self._move(f"{old}/gamma", f"{new}.weight")
        self._move(f"{old}/beta", f"{new}.bias")

    def _linear(self, old: str, new: str) -> None:
        self._move(f"{old}/weight", f"{new}.weight")
        self._move(f"{old}/bias", f"{new}.bias")

    def _move(self, old: str, new: str) -> None:
        (self._weights[new],) = self._parts(old, 1)

    def _parts(self, name: str, count: int) -> list[torch.Tensor]:
        """A tensor cut along its first axis; copies, for the file's own memory is read-only and shared."""
        array = self._tensors[name].astype(np.float16)
        return [torch.from_numpy(part.copy()) for part in np.split(array, count)]
