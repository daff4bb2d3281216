"""Rotary position embedding as both towers of GLM-ASR use it: halves turned against each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import torch

from core.errors import CheckpointUnavailable


@dataclass(frozen=True, slots=True)
class Rotary:
    """Tables for every position; shape (positions, rotated), in the model's precision."""

    cos: torch.Tensor
    sin: torch.Tensor

    @classmethod
    def of(
        cls,
        parameters: Mapping[str, object],
        *,
        head_size: int,
        positions: int,
        dtype: torch.dtype,
        device: torch.device,
    ) -> Self:
        """theta ** (-2i / rotated) turns a position (Su et al. 2021, arXiv 2104.09864)."""
        if parameters.get("rope_type") != "default":
            raise CheckpointUnavailable("The checkpoint's position embedding is not the one GLM-ASR uses.")
        rotated = int(head_size * float(str(parameters.get("partial_rotary_factor", 1.0))))
        theta = float(str(parameters["rope_theta"]))
        frequencies = 1.0 / (theta ** (torch.arange(0, rotated, 2, dtype=torch.float32) / rotated))
        angles = torch.arange(positions, dtype=torch.float32)[:, None] * frequencies
        angles = torch.cat((angles, angles), dim=-1)
        return cls(angles.cos().to(device, dtype), angles.sin().to(device, dtype))


def turn_(heads: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> None:
    """Rotate the first dimensions of each head in place. heads: (..., D); cos, sin: (..., rotated)."""
    rotated = heads[..., : cos.shape[-1]]
    first, second = rotated.chunk(2, dim=-1)
    turned = torch.cat((-second, first), dim=-1)
    rotated.mul_(cos).addcmul_(turned, sin)
