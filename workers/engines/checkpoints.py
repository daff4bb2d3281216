"""Which checkpoints lie on this machine, and where. Imports nothing heavy; `pulling` fetches them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ValidationError

from core.catalog import CATALOG, Model
from core.errors import CheckpointUnavailable
from core.settings import ModelStoreSettings

MANIFEST: Final = "callscribe.json"
"""Written last, so a directory that has it is complete."""

BUILT_IN: Final = "built in"
"""Source and revision of a model without weights; every machine has it."""


class Manifest(BaseModel):
    """Where a pulled checkpoint came from."""

    source: str
    """A hub id, or a registry package and its version."""
    revision: str
    """The hub's commit, or the hash of the weights."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One model's weights, tokenizer and configuration, in the layout of transformers."""

    model: str
    path: Path
    source: str
    revision: str


def store_root(store: ModelStoreSettings) -> Path:
    return store.models_dir.expanduser()


def directory_of(model: Model, store: ModelStoreSettings) -> Path:
    """Where a pulled checkpoint of this model lies or would lie."""
    return store_root(store) / model.name


def find(model: Model, store: ModelStoreSettings) -> Checkpoint | None:
    """The checkpoint if this machine has it: the operator's own directory, else a pulled one."""
    if model.hub_id is None:
        return Checkpoint(model.name, store_root(store), BUILT_IN, BUILT_IN)
    wish = store.checkpoints.get(model.name)
    if wish is not None and Path(wish).expanduser().is_dir():
        return _own(model, Path(wish).expanduser())
    directory = directory_of(model, store)
    manifest = _manifest(directory)
    if manifest is None or (wish is not None and manifest.source != wish):
        return None
    return Checkpoint(model.name, directory, manifest.source, manifest.revision)


def locate(model: Model, store: ModelStoreSettings) -> Checkpoint:
    """The checkpoint, or `CheckpointUnavailable` with the command that fetches it."""
    checkpoint = find(model, store)
    if checkpoint is None:
        raise CheckpointUnavailable(
            f"The checkpoint of {model.name} is not on this machine; "
            f"run `callscribe models pull {model.name}` first."
        )
    return checkpoint


def installed(store: ModelStoreSettings) -> list[Checkpoint]:
    """Every model of the catalog that this machine can load, in the catalog's order."""
    found = (find(model, store) for model in CATALOG.values())
    return [checkpoint for checkpoint in found if checkpoint is not None]


def _manifest(directory: Path) -> Manifest | None:
    try:
        return Manifest.model_validate_json((directory / MANIFEST).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None


def _own(model: Model, directory: Path) -> Checkpoint:
    """The operator's directory needs no manifest: the hash of its weights tells which they are."""
    manifest = _manifest(directory)
    if manifest is not None:
        return Checkpoint(model.name, directory, manifest.source, manifest.revision)
    return Checkpoint(model.name, directory, "directory", _weights_hash(directory))


def _weights_hash(directory: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(directory.glob("*.safetensors")):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return f"sha256:{digest.hexdigest()[:12]}"
