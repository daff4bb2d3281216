"""Bring a database to the newest schema, one migrator at a time."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from pydantic import SecretStr

from core.database_address import driver_url


def upgrade(database_url: SecretStr, *, revision: str = "head") -> None:
    """Idempotent; a second migrator waits for the first and then finds nothing to do."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    # Interpolation would choke on a % in a password.
    config.attributes["url"] = driver_url(database_url)
    command.upgrade(config, revision)
