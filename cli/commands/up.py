"""callscribe up"""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer
from rich.console import Console

from cli.checkpoints import ensure_checkpoint
from cli.steps import Steps
from core.catalog import DEFAULT_MODEL, model_named
from embedded.settings import ACCESS_FILE, EmbeddedSettings
from embedded.system import AUTO, Plan, System


def up(
    *,
    model: Annotated[list[str], typer.Option(help="Model to serve; may be repeated.")] = [DEFAULT_MODEL],  # noqa: B006
    device: Annotated[str, typer.Option(help="auto (every GPU, else the CPU), cpu or cuda:N.")] = AUTO,
    port: Annotated[int, typer.Option(help="Port of the API.")] = 8080,
    flower_port: Annotated[int, typer.Option(help="Port of Flower.")] = 5555,
    cpu_workers: Annotated[int, typer.Option(min=1, help="Processes that prepare recordings.")] = 2,
) -> None:
    """Run everything on this machine until Ctrl-C; what was submitted is kept for the next time."""
    console = Console(stderr=True)
    for each in model:
        ensure_checkpoint(console, model_named(each))
    plan = Plan(
        models=tuple(model), device=device, cpu_workers=cpu_workers, api_port=port, flower_port=flower_port
    )
    settings = EmbeddedSettings()
    stopped = threading.Event()
    for each_signal in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each_signal, lambda *_: stopped.set())
    with Steps(console) as steps:
        system = System(plan, settings, on_step=steps.begin)
        with system:
            steps.end()
            _say_where(console, system, settings)
            system.watch(stopped)
            steps.begin("stopping; running work is ended first")


def _say_where(console: Console, system: System, settings: EmbeddedSettings) -> None:
    password = system.stack.state.credentials.flower_password
    console.print(
        f"""
API docs   {system.api_url}/docs
Flower     {system.flower_url}   user callscribe, password {password}
API key    {system.api_key}
           (also in {settings.state_dir / ACCESS_FILE}, where `callscribe submit` finds it)
Stop       Ctrl-C
""",
        highlight=False,
        markup=False,
    )
