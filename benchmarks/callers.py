"""Owners of very different sizes who submit calls of very different lengths."""

from __future__ import annotations

import random
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.recordings import write_piece
from client import Access, Client, SubmitOptions
from core.database import SessionFactory
from embedded.system import System
from models.repositories.api_keys import ApiKeyRepository
from models.repositories.owners import OwnerRepository

OWNERS: Final = 5
LIVE_SHARE: Final = 0.1
SHORTEST_S: Final = 2.0
LONGEST_S: Final = 60.0
CALL_S: Final = 42.0
"""Of the sample that the calls are cut from."""


@dataclass(frozen=True, slots=True)
class Call:
    owner: int
    """1 has most."""
    lane: str
    start: float
    seconds: float


def planned_calls(count: int, *, seed: int = 7) -> list[Call]:
    """The same ones each time; owner n has a share near 1/n."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    owners = chance.choices(range(1, OWNERS + 1), [1 / n for n in range(1, OWNERS + 1)], k=count)
    return [
        Call(
            owner=owner,
            lane="live" if chance.random() < LIVE_SHARE else "bulk",
            start=chance.uniform(0, CALL_S),
            seconds=chance.uniform(SHORTEST_S, LONGEST_S),
        )
        for owner in owners
    ]


def submit_calls(system: System, sessions: SessionFactory, count: int) -> None:
    keys = _keys(sessions)
    with tempfile.TemporaryDirectory() as directory:
        for call in planned_calls(count):
            path = write_piece(Path(directory) / "call.wav", start=call.start, seconds=call.seconds)
            with Client(Access(system.api_url, keys[call.owner])) as client:
                client.submit(path, SubmitOptions(model="scripted", lane=call.lane))


def _keys(sessions: SessionFactory) -> dict[int, str]:
    with sessions.begin() as session:
        issued = ApiKeyRepository(session)
        owners = {n: OwnerRepository(session).named(f"owner {n}") for n in range(1, OWNERS + 1)}
        return {n: issued.issue(owner, name="benchmark").shown for n, owner in owners.items()}
