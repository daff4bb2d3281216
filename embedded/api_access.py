"""How the person at this machine is let into the API: a key of its own, left in the state directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from core.database import SessionFactory
from embedded.files import write_private
from embedded.settings import ACCESS_FILE
from models.repositories.api_keys import ApiKeyRepository
from models.repositories.owners import OwnerRepository

OWNER: Final = "local"


def grant_access(sessions: SessionFactory, state_dir: Path, *, api_url: str) -> str:
    """The key kept in the state directory, or a new one if it opens nothing any more."""
    path = state_dir / ACCESS_FILE
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    key = kept.get("api_key")
    if key is None or not _is_known(sessions, key):
        key = _new_key(sessions)
    write_private(path, json.dumps({"api_url": api_url, "api_key": key}, indent=2))
    return key


def _is_known(sessions: SessionFactory, key: str) -> bool:
    with sessions.begin() as session:
        known = {
            each.prefix for each in ApiKeyRepository(session).of(OwnerRepository(session).named(OWNER).id)
        }
    return key.rpartition("_")[0] in known


def _new_key(sessions: SessionFactory) -> str:
    with sessions.begin() as session:
        owner = OwnerRepository(session).named(OWNER)
        return ApiKeyRepository(session).issue(owner, name="this machine").shown
