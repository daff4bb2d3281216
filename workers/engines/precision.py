"""Whether a model that was trained in bfloat16 survives float16 on this device."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

import torch
from transformers import PreTrainedModel

logger = logging.getLogger(__name__)

Load = Callable[[torch.dtype], PreTrainedModel]
Trace = Callable[[PreTrainedModel], torch.Tensor]
"""The model's log-probabilities over the built-in clip's known text; shape (positions, vocabulary)."""


@dataclass(frozen=True, slots=True)
class Errors:
    """How far each half precision is from float32, relative to it; infinite if it overflowed."""

    float16: float
    bfloat16: float

    @property
    def trusts_float16(self) -> bool:
        """float16 is finer than bfloat16 as long as nothing leaves its range, so it must not err more."""
        return isfinite(self.float16) and self.float16 <= self.bfloat16


def settle(load: Load, trace: Trace, wanted: torch.dtype) -> PreTrainedModel:
    """The model in the precision that is wanted, or in bfloat16 if float16 garbles it.

    Overflow is silent: what exceeds 65,504 becomes infinite and the text becomes noise.
    """
    if wanted is not torch.float16:
        return load(wanted)
    model = load(torch.bfloat16)
    errors = measure(model, trace)
    measured = {"float16_error": errors.float16, "bfloat16_error": errors.bfloat16}
    if errors.trusts_float16:
        logger.info("float16 agrees with float32", extra=measured)
        return model
    logger.warning("float16 garbles this model, using bfloat16", extra=measured)
    return load(torch.bfloat16)


def measure(model: PreTrainedModel, trace: Trace) -> Errors:
    """Compare the three precisions on a model loaded in bfloat16; leaves it in float16."""
    coarse = trace(model)
    exact = trace(cast_weights(model, torch.float32))
    fine = trace(cast_weights(model, torch.float16))
    return Errors(float16=_distance(fine, exact), bfloat16=_distance(coarse, exact))


def cast_weights(model: PreTrainedModel, dtype: torch.dtype) -> PreTrainedModel:
    """Unlike `.to(dtype)` this leaves the rotary frequencies, which are buffers, in float32."""
    for weight in model.parameters():
        weight.data = weight.data.to(dtype)
    return model


def _distance(found: torch.Tensor, exact: torch.Tensor) -> float:
    if not bool(found.isfinite().all()):
        return float("inf")
    return float((found - exact).norm() / exact.norm())
