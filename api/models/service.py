"""The models that this installation serves."""

from __future__ import annotations

from collections.abc import Sequence

from api.models.schemas import ModelRead
from core.catalog import model_named


def served(names: Sequence[str]) -> list[ModelRead]:
    """In the order of the settings; the first is the default."""
    return [
        ModelRead(
            id=model.name,
            default=model.name == names[0],
            languages=list(model.languages),
            detects_language=model.detects_language,
        )
        for model in map(model_named, names)
    ]
