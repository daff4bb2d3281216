"""What a worker and the process of its engine tell each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from workers.engines.base import ContinuousEngine, EngineIdentity, Outcome


@dataclass(frozen=True, slots=True)
class Traits:
    """The engine's first words: loaded, and what it is. Said again when that changes: a precision may."""

    identity: EngineIdentity
    max_batch_seconds: float
    max_batch_chunks: int
    slots: int

    @classmethod
    def of(cls, engine: ContinuousEngine) -> Self:
        return cls(
            identity=engine.identity,
            max_batch_seconds=engine.max_batch_seconds,
            max_batch_chunks=engine.max_batch_chunks,
            slots=engine.slots,
        )


@dataclass(frozen=True, slots=True)
class Furnished:
    """The worker's answer: the shelf has so many places."""

    places: int


@dataclass(frozen=True, slots=True)
class Placed:
    """A chunk whose samples lie on the shelf."""

    key: int
    place: int
    samples: int
    """How many."""
    language: str | None


@dataclass(frozen=True, slots=True)
class Add:
    """Chunks that came together; the engine gets them all before its next step."""

    chunks: tuple[Placed, ...]


@dataclass(frozen=True, slots=True)
class Cancel:
    keys: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Close:
    """Unload and end, whatever is still inside."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The places of these chunks are free."""

    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The places of these cancelled chunks are free."""

    keys: tuple[int, ...]
