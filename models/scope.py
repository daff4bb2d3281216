"""What an API key may be used for."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    """Each is given by itself; `ADMIN` has none of the others."""

    SUBMIT = "submit"
    """Hand over recordings and batches, cancel and retry them."""
    READ = "read"
    """All that is known of one's calls, what was said included."""
    REDACTED = "redacted"
    """How jobs and batches stand, and nothing of what was said, but in forms without personal data."""
    ADMIN = "admin"
    """Erase calls, and say where events are sent."""


INCLUDED: Final = {Scope.READ: {Scope.REDACTED}}
"""Who may read everything may read what is left of it."""
EVERYTHING: Final = (Scope.SUBMIT, Scope.READ, Scope.ADMIN)


def granted(scopes: list[str]) -> set[Scope]:
    """What these allow, with all that they include."""
    named = {Scope(scope) for scope in scopes}
    return named.union(*(INCLUDED.get(scope, set()) for scope in named))
