"""What probes are told."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel


class Health(BaseModel):
    status: Literal["ok"] = "ok"


class Decoders(BaseModel):
    """How the decoders of foreign recordings are confined; docs/operations.md says what each wall is."""

    workers: int
    """Of those that prepare recordings, how many are there."""
    missing_walls: list[str]
    """What at least one of their machines does not allow: `files`, `landlock`, `network`."""


class Readiness(Health):
    decoders: Decoders
