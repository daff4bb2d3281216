"""What a process with faults of its own reads from its environment."""

from __future__ import annotations

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from chaos.plants import Plant


class FaultySettings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="CHAOS_",
        env_nested_delimiter="__",
        frozen=True,
        extra="ignore",
        use_attribute_docstrings=True,
    )

    seed: int = 0
    lie_rate: float = 0.0
    """Share of all effects that are done and then said to have failed."""
    tally: Path | None = None
    """File that gets a line for each such lie."""
    plant: Plant | None = None
    """A bug, to see whether it is found."""
