"""Which server the client commands talk to, and with which key."""

from __future__ import annotations

from pydantic import AnyHttpUrl, SecretStr, TypeAdapter
from pydantic_settings import BaseSettings, SettingsConfigDict

from client import Access
from core.errors import ServerUnknown
from embedded.settings import ACCESS_FILE, EmbeddedSettings


class ClientSettings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="CALLSCRIBE_",
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        use_attribute_docstrings=True,
    )

    api_url: AnyHttpUrl | None = None
    """Where the server answers; empty means the one that `callscribe up` runs on this machine."""
    api_key: SecretStr | None = None
    """As `callscribe keys create` printed it."""


def find_access() -> Access:
    """The server that the environment names, else the one running here; else `ServerUnknown`."""
    settings = ClientSettings()
    if settings.api_url is None:
        return _left_here()
    # The key of the server on this machine is not sent to another one.
    if settings.api_key is None:
        raise ServerUnknown(f"CALLSCRIBE_API_KEY must hold a key for {settings.api_url}.")
    return Access(api_url=str(settings.api_url), api_key=settings.api_key.get_secret_value())


def _left_here() -> Access:
    path = EmbeddedSettings().state_dir.expanduser() / ACCESS_FILE
    try:
        return TypeAdapter(Access).validate_json(path.read_bytes())
    except FileNotFoundError:
        raise ServerUnknown from None
