"""Waiting for what other processes do: by looking, never by guessing how long it takes."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from sqlalchemy import func, select

from client import Client, SubmitOptions
from core.database import SessionFactory
from core.errors import TransientError
from models import Job

PATIENCE_S = 180.0
POLL_S = 0.1


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            if condition():
                return
        except TransientError:
            pass
        if time.monotonic() > deadline:
            pytest.fail(f"not true within {PATIENCE_S:.0f} s")
        time.sleep(POLL_S)


def acknowledged(client: Client, recording: Path) -> uuid.UUID:
    """A job that the API said it has; asked again while it does not answer."""
    jobs: list[uuid.UUID] = []

    def submit() -> bool:
        jobs.append(client.submit(recording, SubmitOptions(lane="bulk")).id)
        return True

    until(submit)
    return jobs[0]


def all_ended(sessions: SessionFactory, jobs: Sequence[uuid.UUID]) -> Callable[[], bool]:
    def ended() -> bool:
        with sessions.begin() as session:
            final = select(func.count()).where(Job.id.in_(jobs), Job.finished_at.is_not(None))
            return session.execute(final).scalar_one() == len(jobs)

    return ended
