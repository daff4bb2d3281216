"""The models that this installation serves."""

from __future__ import annotations

from collections.abc import Sequence

from api.models.schemas import ModelRead
from core.catalog import Model, model_named
from core.errors import NotFound


def served(names: Sequence[str]) -> list[ModelRead]:
    """In the order of the settings; the first is the default."""
    return [_read(model, is_default=model.name == names[0]) for model in map(model_named, names)]


def named(name: str, names: Sequence[str]) -> ModelRead:
    """Raises `NotFound` for one that is not served, known elsewhere or not."""
    for model in served(names):
        if model.id == name:
            return model
    raise NotFound(f"No model {name!r} is served here.")


def _read(model: Model, *, is_default: bool) -> ModelRead:
    publisher, _, _ = (model.hub_id or "callscribe/").partition("/")
    return ModelRead(
        id=model.name,
        owned_by=publisher,
        default=is_default,
        languages=list(model.languages),
        detects_language=model.detects_language,
    )
