"""What both processes of the plain service read from their environment."""

from __future__ import annotations

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class PlainSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="PLAIN_", frozen=True)

    broker_url: str
    results_url: str
    """Another database of the same Redis: its size is the number of results."""
    recordings: Path
