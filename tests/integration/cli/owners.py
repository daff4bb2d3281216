"""Keys for the tests of the client."""

from __future__ import annotations

from core.database import SessionFactory
from models import ApiKey
from models.api_key_format import digest, new_api_key
from models.repositories.api_keys import ApiKeyRepository
from models.repositories.owners import OwnerRepository


def issue_key(sessions: SessionFactory, owner: str) -> str:
    made = new_api_key()
    with sessions.begin() as session:
        owner_id = OwnerRepository(session).named(owner).id
        row = ApiKey(owner_id=owner_id, name="test", prefix=made.prefix, secret_sha256=digest(made.secret))
        ApiKeyRepository(session).add(row)
    return made.shown
