"""callscribe flower"""

from __future__ import annotations

from typing import Annotated

import typer
from pydantic import SecretStr

from core import logging
from core.broker import await_server, create_app
from core.settings import BrokerAccess


class FlowerSettings(BrokerAccess):
    """The broker is all that Flower sees; it is given no database and no storage."""

    log_level: str = "INFO"
    """`DEBUG`, `INFO`, `WARNING` or `ERROR`."""
    flower_user: str = "callscribe"
    """For the login."""
    flower_password: SecretStr
    """There is no default: whoever can open Flower can stop every worker."""


def flower(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 5555,
) -> None:
    """Celery's own view of workers and tasks, behind a password."""
    settings = FlowerSettings()
    logging.configure(settings.log_level)
    login = f"{settings.flower_user}:{settings.flower_password.get_secret_value()}"
    app = create_app(settings)
    await_server(app)
    app.start(["flower", f"--address={host}", f"--port={port}", f"--basic-auth={login}", "--max-tasks=10000"])
