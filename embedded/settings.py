"""What the embedded stack reads from its environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from pydantic import BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.settings import StorageSettings

ACCESS_FILE: Final = "client.json"
"""In the state directory: address and key of the API that runs here, for the client commands."""
SERVERS_FILE: Final = "servers.json"
"""In the state directory, while they run: where its servers answer, as settings."""

Port = Field(default=None, ge=1, le=65535)


class PortSettings(BaseModel):
    """Loopback ports; the ones left empty are picked at random and then kept."""

    postgres: int | None = Port
    """Of the embedded Postgres; empty picks one and keeps it."""
    valkey: int | None = Port
    """Of the embedded Valkey."""
    storage: int | None = Port
    """Of the embedded SeaweedFS' S3."""


class EmbeddedSettings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="CALLSCRIBE_",
        env_nested_delimiter="__",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        use_attribute_docstrings=True,
    )

    state_dir: Path = Path("~/.local/state/callscribe")
    """Data, secrets and logs of the embedded servers, journals of submissions; readable by its owner only."""
    database_url: SecretStr | None = None
    """A Postgres of the user's own, instead of the embedded one."""
    broker_url: SecretStr | None = None
    """A Redis or Valkey of the user's own, instead of the embedded one."""
    storage: StorageSettings | None = None
    """A bucket of the user's own, instead of the embedded SeaweedFS; any of its settings chooses it."""
    embedded_ports: PortSettings = Field(default_factory=PortSettings)

    @property
    def allows_several(self) -> bool:
        """Whether several stacks may serve at once: the user chose neither a server nor a port."""
        chosen = (self.database_url, self.broker_url, self.storage, *dict(self.embedded_ports).values())
        return all(value is None for value in chosen)


def inherited_environment() -> dict[str, str]:
    """This process's own environment, for programs that are to see what the user set."""
    return dict(os.environ)


def visible_gpus_setting() -> str | None:
    """CUDA's own setting, which the processes of engines inherit; None where it is not set."""
    return os.environ.get("CUDA_VISIBLE_DEVICES")
