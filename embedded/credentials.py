"""The secrets of the embedded servers: random, made once per state directory, then kept."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from embedded.files import write_private


def _random() -> str:
    """Fit for a URL, a configuration file and an S3 key alike."""
    return secrets.token_hex(24)


@dataclass(frozen=True, slots=True)
class Credentials:
    database_password: str = field(default_factory=_random, repr=False)
    broker_password: str = field(default_factory=_random, repr=False)
    storage_access_key_id: str = field(default_factory=_random, repr=False)
    storage_secret_access_key: str = field(default_factory=_random, repr=False)
    flower_password: str = field(default_factory=_random, repr=False)
    storage_signing_key: str = field(default_factory=_random, repr=False)
    """With it SeaweedFS' own parts prove themselves to each other."""


def load_or_create(path: Path) -> Credentials:
    """The secrets kept at `path`; what is missing there is made and added."""
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    known = {entry.name for entry in fields(Credentials)}
    credentials = Credentials(**{name: value for name, value in kept.items() if name in known})
    if asdict(credentials) != kept:
        write_private(path, json.dumps({**kept, **asdict(credentials)}, indent=2))
    return credentials
