"""Leases as workers remember them, whatever has become of them since."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TypeVar

from models import JobStage, LeasedChunk


@dataclass(frozen=True, slots=True)
class Stage:
    """The lease of a stage."""

    job_id: uuid.UUID
    stage: JobStage
    attempt: int


@dataclass(frozen=True, slots=True)
class OnDevice:
    """The lease of a device batch."""

    batch_id: uuid.UUID
    attempt: int
    chunks: tuple[LeasedChunk, ...]


Lease = TypeVar("Lease", Stage, OnDevice)
