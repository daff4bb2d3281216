"""Speech models as callers see them."""

from __future__ import annotations

from typing import Literal

from api.jobs.schemas import Described


class ModelRead(Described):
    """A speech model that jobs may ask for."""

    id: str
    object: Literal["model"] = "model"
    owned_by: str
    """Who published its checkpoint."""
    default: bool
    """Whether it is used when a job names none."""
    languages: list[str]
    """Codes that may be given as `language`; empty means that it takes none and finds out by itself."""
    detects_language: bool
    """Whether its transcripts say which language was heard."""


class ModelList(Described):
    object: Literal["list"] = "list"
    data: list[ModelRead]
