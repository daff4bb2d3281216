"""Every signal to a prepare worker, idle and decoding: it leaves or goes on, and all jobs complete once."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil
import pytest
from sqlalchemy import func, select

from client import Client
from core.database import SessionFactory
from embedded.system import System
from models import Job, JobStage
from tests.acceptance.crew import FATAL, SIGNALS, Crew, crew_instead_of
from tests.acceptance.outcomes import assert_complete_once
from tests.acceptance.waiting import acknowledged, all_ended, until

NURSERY: Final = "workers.preparation.decoder.program"
"""In the command line of the process that forks decoders."""

STATUSES: Final = {"TERM": 0, "QUIT": 0, "INT": 0, "KILL": -9}


@dataclass(frozen=True, slots=True)
class Stand:
    """The crew, and a way to give it work."""

    crew: Crew
    client: Client
    sessions: SessionFactory
    recording: Path

    @contextmanager
    def idle(self) -> Iterator[Sequence[uuid.UUID]]:
        yield []

    @contextmanager
    def decoding(self) -> Iterator[Sequence[uuid.UUID]]:
        """No decoder moves until the one in a hurry has given up."""
        suspended = self._suspended_decoders()
        jobs = self.submit(len(SIGNALS))

        def all_decoding() -> bool:
            suspended.extend(self._suspended_decoders())
            # Another one for each that was through before its decoder was stopped.
            jobs.extend(self.submit(len(SIGNALS) - self._unprepared(jobs)))
            return self.first_leases(jobs) == len(SIGNALS) and all(map(self._decoders, SIGNALS))

        until(all_decoding)
        yield jobs
        self.crew.status_of("QUIT")
        for each in suspended:
            with suppress(psutil.NoSuchProcess):
                each.resume()

    def submit(self, count: int) -> list[uuid.UUID]:
        return [acknowledged(self.client, self.recording) for _ in range(count)]

    def first_leases(self, jobs: Sequence[uuid.UUID]) -> int:
        """How many are prepared by whoever took them first."""
        with self.sessions.begin() as session:
            first = (Job.stage == JobStage.PREPARING, Job.attempt == 1, Job.lease_expires_at.is_not(None))
            return session.execute(select(func.count()).where(Job.id.in_(jobs), *first)).scalar_one()

    def _unprepared(self, jobs: Sequence[uuid.UUID]) -> int:
        with self.sessions.begin() as session:
            query = select(func.count()).where(Job.id.in_(jobs), Job.prepared_at.is_(None))
            return session.execute(query).scalar_one()

    def _suspended_decoders(self) -> list[psutil.Process]:
        """Nurseries and what they forked, so far as they still ran; to start one takes longer than this."""
        suspended = []
        for each in (each for name in SIGNALS for each in self._decoders(name)):
            with suppress(psutil.NoSuchProcess):
                if each.status() != psutil.STATUS_STOPPED:
                    each.suspend()
                    suspended.append(each)
        return suspended

    def _decoders(self, name: str) -> list[psutil.Process]:
        found = []
        for each in self.crew.family(name):
            with suppress(psutil.NoSuchProcess):
                if NURSERY in each.cmdline():
                    found.append(each)
        return found


DOING: Final[dict[str, Callable[[Stand], AbstractContextManager[Sequence[uuid.UUID]]]]] = {
    "idle": Stand.idle,
    "decoding": Stand.decoding,
}


@pytest.fixture(scope="module")
def crew(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    """One prepare worker for each signal, and nobody else who prepares."""
    with crew_instead_of(system, "worker-prepare", tmp_path_factory.mktemp("crew")) as crew:
        for name in SIGNALS:
            crew.start(name, "--queue=prepare,finish")
        yield crew


@pytest.fixture
def stand(crew: Crew, client: Client, sessions: SessionFactory, marked_call: Callable[[int], Path]) -> Stand:
    return Stand(crew, client, sessions, marked_call(200))


class TestSignals:
    @pytest.mark.parametrize("doing", DOING.values(), ids=DOING)
    def test_a_worker_leaves_or_goes_on_and_every_job_completes_once(
        self, stand: Stand, doing: Callable[[Stand], AbstractContextManager[Sequence[uuid.UUID]]]
    ) -> None:
        crew = stand.crew
        until(crew.is_ready)

        with doing(stand) as held:
            for name, number in SIGNALS.items():
                crew.send(name, number)

        statuses = {name: crew.status_of(name) for name in FATAL}
        for name in FATAL:
            crew.start_again(name)
        until(lambda: not stand.first_leases(held))
        jobs = held or stand.submit(1)
        crew.wake("STOP")
        until(all_ended(stand.sessions, jobs))
        assert_complete_once(stand.sessions, jobs)
        assert statuses == STATUSES
        assert crew.runs("STOP")
