"""What every process reads from its environment. Each process extends this once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, FilePath, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.catalog import DEFAULT_MODEL, model_named


class StorageSettings(BaseModel):
    """One bucket of an S3-compatible store."""

    bucket: str = "callscribe"
    """It must be there; Callscribe makes none."""
    endpoint_url: str | None = None
    """Where the store answers; empty means AWS."""
    public_endpoint_url: str | None = None
    """The same store as clients see it, for presigned URLs; empty means `endpoint_url`."""
    region: str = "us-east-1"
    """Signed into every request; stores other than AWS take any."""
    access_key_id: SecretStr | None = None
    """Empty means the machine's own AWS credentials."""
    secret_access_key: SecretStr | None = None
    """Goes with `access_key_id`."""
    ca_file: FilePath | None = None
    """For `https://`: the authorities to trust, as PEM; empty means those that boto3 brings along."""
    encryption: Literal["none", "AES256", "aws:kms"] = "AES256"
    """What the store is asked to encrypt each object with; `none` for stores that refuse to be asked."""
    encryption_key_id: str | None = None
    """For `aws:kms`: the key to use; empty means the account's own."""
    import_from: tuple[str, ...] = ()
    """Where batches may read recordings, by any owner, as a JSON list: `["s3://calls/2026/"]`."""
    answer_timeout: timedelta = timedelta(seconds=15)
    """How long the store may be silent before a try is given up."""
    attempts: int = Field(default=3, ge=1)
    """Tries of each request; all of them together must be well under `stall_after`."""


class OutboundSettings(BaseModel):
    """Where requests to servers that callers name may go."""

    allowed_hosts: tuple[str, ...] = ()
    """Names trusted wherever they lead, on any port and without TLS, as a JSON list; `.a.b`: all below."""
    allowed_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Addresses that may be reached although they are not public, as a JSON list: `["10.20.0.0/16"]`."""
    forbidden_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Addresses that may not be reached although they are public: your own, or a NAT64 prefix of yours."""
    ca_file: Path | None = None
    """Authorities to trust beside the usual ones, as PEM."""


class FetchSettings(BaseModel):
    """Recordings that are fetched from where callers say."""

    enabled: bool = False
    """Whether `https://` addresses of recordings are taken at all."""
    hosts: tuple[str, ...] = ()
    """Names that may be fetched from, as a JSON list; `.a.b`: all below; `*`: any public one."""
    timeout: timedelta = timedelta(minutes=5)
    """From looking up the server's name to the last byte of the recording."""
    attempts: int = Field(default=5, ge=1)
    """How often one is tried whose server fails, before its job fails."""


class CoreSettings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="CALLSCRIBE_",
        env_nested_delimiter="__",
        frozen=True,
        extra="ignore",
        use_attribute_docstrings=True,
    )

    database_url: SecretStr
    """`postgresql://user:password@host:port/name`."""
    storage: StorageSettings = Field(default_factory=StorageSettings)
    models: tuple[str, ...] = Field(default=(DEFAULT_MODEL,), min_length=1)
    """Public names of the models served here, as a JSON list; the first is the default."""
    lease_ttl: timedelta = timedelta(seconds=60)
    """How long a silent worker keeps its work before another may take it."""
    log_level: str = "INFO"
    """`DEBUG`, `INFO`, `WARNING` or `ERROR`."""
    outbound: OutboundSettings = Field(default_factory=OutboundSettings)
    fetch: FetchSettings = Field(default_factory=FetchSettings)

    @field_validator("models")
    @classmethod
    def _only_known_models(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        """A typo stops the process at its start, not the first job."""
        for name in names:
            model_named(name)
        return names


class BrokerOptions(BaseModel):
    """What the broker's URL does not say."""

    ca_file: FilePath | None = None
    """For `rediss://`: the authorities to trust, as PEM; empty means those that the system trusts."""
    certificate_file: FilePath | None = None
    """For `rediss://`: this process's own certificate, as PEM, for servers that ask for one."""
    key_file: FilePath | None = None
    """Goes with `certificate_file`."""
    master_name: str | None = None
    """For `sentinel://`: what the sentinels call the server; required there."""
    sentinel_username: str | None = None
    """For `sentinel://`: the sentinels' own user, if they have one."""
    sentinel_password: SecretStr | None = None
    """For `sentinel://`: the sentinels' own password; that of the servers is in the URL."""


class BrokerAccess(BaseSettings):
    """Where the broker is and how to be let in."""

    model_config = SettingsConfigDict(
        env_prefix="CALLSCRIBE_",
        env_nested_delimiter="__",
        frozen=True,
        extra="ignore",
        use_attribute_docstrings=True,
    )

    broker_url: SecretStr
    """`redis://user:password@host:port/0`; `rediss://` for TLS; `sentinel://`, see The broker."""
    broker: BrokerOptions = Field(default_factory=BrokerOptions)


class BrokerSettings(CoreSettings, BrokerAccess):
    """For the processes that talk to the broker; the API is not one of them."""


class ModelStoreSettings(BaseSettings):
    """Where checkpoints lie on this machine."""

    model_config = SettingsConfigDict(env_prefix="CALLSCRIBE_", frozen=True, extra="ignore")

    models_dir: Path = Path("~/.cache/callscribe/models")
    """Checkpoints that `callscribe models pull` fetched."""
    checkpoints: dict[str, str] = Field(default_factory=dict)
    """A directory or hub id to use for a model's public name instead of the catalog's."""


def library_path() -> dict[str, str]:
    """All that a confined child process is given of this one's environment: where its libraries lie."""
    names = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    return {name: os.environ[name] for name in names if name in os.environ}


def program_path() -> list[Path]:
    """Where this machine keeps programs, in the order in which they are looked for."""
    return [Path(each) for each in os.environ.get("PATH", os.defpath).split(os.pathsep) if each]


def program_environment() -> dict[str, str]:
    """For a program of somebody else's: this process's own, without what is set for ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CALLSCRIBE_")}


def hand_down(settings: Mapping[str, str]) -> None:
    """Set these for this process and all that it starts; the only place that writes the environment."""
    os.environ.update(settings)


def hand_down_unless_set(settings: Mapping[str, str]) -> None:
    """The same, but the user's own wishes stay."""
    for name, value in settings.items():
        os.environ.setdefault(name, value)
