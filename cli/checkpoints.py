"""Fetching a model's checkpoint, with a bar, if it is not on this machine."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from core.catalog import Model
from core.settings import ModelStoreSettings
from workers.engines import checkpoints, pulling
from workers.engines.checkpoints import Checkpoint


def ensure_checkpoint(console: Console, model: Model) -> Checkpoint | None:
    """None for models without weights. Raises `CheckpointUnavailable` when no source has it."""
    if model.hub_id is None:
        return None
    store = ModelStoreSettings()
    return checkpoints.find(model, store) or pull_with_bar(console, model, store)


def pull_with_bar(console: Console, model: Model, store: ModelStoreSettings) -> Checkpoint:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        bar = bars.add_task(f"{model.name}", total=None)

        def show(step: str, done: int, total: int) -> None:
            bars.update(bar, description=f"{model.name}: {step}", completed=done, total=total or None)

        return pulling.pull(model, store, show)
