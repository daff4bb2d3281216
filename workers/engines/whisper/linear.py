"""Products with weights, kept in the layout that the device multiplies fastest."""

from __future__ import annotations

import torch
from torch.nn import functional

from workers.engines.device import has_fast_bfloat16


class Linear:
    """`x @ weight.T + bias`, and GELU of it where asked for.

    AMX wants weights in tiles. From ordinary ones oneDNN makes tiles anew at every call, which takes as
    long as the product itself when there are few rows; here they are made once.
    """

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None = None, *, gelu: bool = False) -> None:
        self._bias = bias
        self._gelu = gelu
        self._packed = wants_tiles(weight)
        self._weight = _tiled(weight) if self._packed else weight

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return self.plus(x, self._bias)

    def plus(self, x: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        """The product with another bias than the weight's own."""
        if self._packed:
            follower = "gelu" if self._gelu else "none"
            return _tiled_product(x, self._weight, bias, follower)
        product = functional.linear(x, self._weight, bias)
        return functional.gelu(product) if self._gelu else product


def wants_tiles(weight: torch.Tensor) -> bool:
    return weight.device.type == "cpu" and weight.dtype is torch.bfloat16 and has_fast_bfloat16()


# What torch's own compiler calls for such weights; it has no public name. The version is pinned.
def _tiled(weight: torch.Tensor) -> torch.Tensor:
    tiles: torch.Tensor = torch.ops.mkldnn._reorder_linear_weight(weight)  # noqa: SLF001
    return tiles


def _tiled_product(
    x: torch.Tensor, tiles: torch.Tensor, bias: torch.Tensor | None, follower: str
) -> torch.Tensor:
    product: torch.Tensor = torch.ops.mkldnn._linear_pointwise(x, tiles, bias, follower, [], "none")  # noqa: SLF001
    return product


def fused(*layers: torch.nn.Linear, scales: tuple[float, ...] = ()) -> Linear:
    """Several layers of one input as one product; a layer without bias gets zeros."""
    factors = scales or (1.0,) * len(layers)
    weight = torch.cat([layer.weight * factor for layer, factor in zip(layers, factors, strict=True)])
    biases = []
    for layer, factor in zip(layers, factors, strict=True):
        bias = _bias_of(layer)
        biases.append(torch.zeros_like(layer.weight[:, 0]) if bias is None else bias * factor)
    return Linear(weight, torch.cat(biases))


def single(layer: torch.nn.Linear, *, gelu: bool = False) -> Linear:
    bias = _bias_of(layer)
    return Linear(layer.weight.detach(), None if bias is None else bias.detach(), gelu=gelu)


def _bias_of(layer: torch.nn.Linear) -> torch.Tensor | None:
    """torch's annotation denies that it can be missing."""
    return layer.bias
