"""Matrices that read the same input, as one."""

from __future__ import annotations

import torch


def fused(*linears: torch.nn.Linear) -> torch.Tensor:
    """Their weights one below the other. The modules go on with views of it, so nothing is held twice."""
    whole = torch.cat([linear.weight.data for linear in linears])
    rows = torch.split(whole, [linear.weight.shape[0] for linear in linears])
    for linear, part in zip(linears, rows, strict=True):
        linear.weight.data = part
    return whole
