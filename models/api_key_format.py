"""How an API key looks: `cs_<id>_<secret><checksum>`, so that scanners find it and typos cost no look-up."""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib
from typing import Final, NamedTuple

from core.errors import Unauthenticated

ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
ID_LENGTH: Final = 8
SECRET_LENGTH: Final = 32
"""Of 62 letters each: 190 random bits."""
CHECKSUM_LENGTH: Final = 6

_SHAPE: Final = re.compile(
    rf"(cs_[0-9A-Za-z]{{{ID_LENGTH}}})_([0-9A-Za-z]{{{SECRET_LENGTH}}})([0-9A-Za-z]{{{CHECKSUM_LENGTH}}})"
)


class NewApiKey(NamedTuple):
    prefix: str
    """Finds the row; may be shown and logged."""
    secret: str
    shown: str
    """The whole key, for its owner's eyes and only once."""


def new_api_key() -> NewApiKey:
    prefix = f"cs_{_random(ID_LENGTH)}"
    secret = _random(SECRET_LENGTH)
    return NewApiKey(prefix, secret, f"{prefix}_{secret}{_checksum(prefix, secret)}")


def digest(secret: str) -> bytes:
    """What is kept of a secret. It has 190 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(secret.encode()).digest()


def parse(shown: str) -> tuple[str, str]:
    """Prefix and secret; `Unauthenticated` for what was never a key of ours."""
    match = _SHAPE.fullmatch(shown)
    if match is None:
        raise Unauthenticated
    prefix, secret, checksum = match.groups()
    if checksum != _checksum(prefix, secret):
        raise Unauthenticated
    return prefix, secret


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _checksum(prefix: str, secret: str) -> str:
    number = zlib.crc32(f"{prefix}_{secret}".encode())
    letters = []
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[digit])
    return "".join(letters)
