"""callscribe flower"""

from __future__ import annotations

from typing import Annotated

import typer
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from core import logging
from core.broker import create_app


class FlowerSettings(BaseSettings):
    """The broker is all that Flower sees; it is given no database and no storage."""

    model_config = SettingsConfigDict(
        env_prefix="CALLSCRIBE_", frozen=True, extra="ignore", use_attribute_docstrings=True
    )

    broker_url: SecretStr
    """`redis://:password@host:port/0`; `rediss://` for TLS."""
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
    create_app(settings.broker_url).start(
        ["flower", f"--address={host}", f"--port={port}", f"--basic-auth={login}", "--max-tasks=10000"]
    )
