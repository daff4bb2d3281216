"""Every signal in every state of a transcribe worker: it leaves or goes on, and all jobs complete once."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest
from sqlalchemy import func, select, text

from client import Client
from core.database import SessionFactory
from embedded.system import System
from models import Chunk, DeviceBatch, DeviceBatchState, Job
from tests.acceptance.crew import FATAL, SIGNALS, Crew, crew_instead_of
from tests.acceptance.gate import Gate
from tests.acceptance.outcomes import assert_complete_once
from tests.acceptance.waiting import acknowledged, all_ended, until

HARMLESS: Final = 200
STORAGE: Final = "CALLSCRIBE_STORAGE__ENDPOINT_URL"
WAITING_FOR_LOCKS: Final = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE application_name = 'callscribe worker' AND wait_event_type = 'Lock'"
)

DONE, LOST = DeviceBatchState.DONE, DeviceBatchState.LOST
ORDERLY: Final = {"TERM": 0, "QUIT": 0, "INT": 0, "KILL": -9}
BROKEN_OFF: Final = {"TERM": DONE, "QUIT": LOST, "INT": DONE, "KILL": LOST, "STOP": LOST}


@dataclass(frozen=True, slots=True)
class Held:
    """What each of the crew has in hand when it gets its signal."""

    jobs: Sequence[uuid.UUID] = ()
    batches: dict[str, uuid.UUID] = field(default_factory=dict)
    chunks: dict[str, uuid.UUID] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stand:
    """The crew, the storage's gate, and a way to give them work."""

    crew: Crew
    gate: Gate
    client: Client
    sessions: SessionFactory
    recording: Path

    @contextmanager
    def idle(self) -> Iterator[Held]:
        yield Held()

    @contextmanager
    def reading(self) -> Iterator[Held]:
        """The storage hangs until the one in a hurry has given up."""
        with self._storage_hanging():
            yield self._at_work()
            self.crew.status_of("QUIT")

    @contextmanager
    def decoding(self) -> Iterator[Held]:
        with self._storage_hanging():
            held = self._at_work()
        yield held

    @contextmanager
    def committing(self) -> Iterator[Held]:
        """Somebody else has the rows of the jobs, and lets go when the signals are sent."""
        with ExitStack() as letting_go:
            with self._storage_hanging():
                held = self._at_work()
                session = letting_go.enter_context(self.sessions.begin())
                session.execute(select(Job.id).where(Job.id.in_(held.jobs)).with_for_update())
            until(lambda: self._count(WAITING_FOR_LOCKS) >= len(SIGNALS))
            yield held

    def submit(self, count: int) -> list[uuid.UUID]:
        return [acknowledged(self.client, self.recording) for _ in range(count)]

    def has_outslept(self, held: Held, state: DeviceBatchState) -> bool:
        """Whether the one that was stopped wakes too late: taken from, or holding on with its own locks."""
        lease = [DeviceBatch.lease_expires_at > func.clock_timestamp()] if state is DONE else []
        running = DeviceBatch.state == DeviceBatchState.RUNNING
        query = select(func.count()).where(DeviceBatch.id == held.batches["STOP"], running, *lease)
        return not self._count(query)

    @contextmanager
    def _storage_hanging(self) -> Iterator[None]:
        self.gate.shut()
        try:
            yield
        finally:
            self.gate.open()

    def _at_work(self) -> Held:
        jobs = self.submit(len(SIGNALS))
        until(lambda: len(self._running()) == len(SIGNALS))
        batches = self._running()
        with self.sessions.begin() as session:
            rows = session.execute(
                select(Chunk.device_batch_id, Chunk.id).where(Chunk.device_batch_id.in_(batches.values()))
            )
            chunk_in = {row.device_batch_id: row.id for row in rows}
        return Held(jobs, batches, {name: chunk_in[batch] for name, batch in batches.items()})

    def _running(self) -> dict[str, uuid.UUID]:
        names = {self.crew.name_of(name): name for name in SIGNALS}
        with self.sessions.begin() as session:
            query = select(DeviceBatch).where(DeviceBatch.state == DeviceBatchState.RUNNING)
            return {
                names[batch.worker]: batch.id for batch in session.scalars(query) if batch.worker in names
            }

    def _count(self, query: object) -> int:
        with self.sessions.begin() as session:
            return session.execute(query).scalar_one()  # type: ignore[call-overload, no-any-return]


@dataclass(frozen=True, slots=True)
class Expected:
    statuses: dict[str, int]
    batches: dict[str, DeviceBatchState]
    suspects: set[str]
    """Whose chunks run alone afterwards: those that were lost, not those that were given back."""


DOING: Final[dict[str, tuple[Callable[[Stand], AbstractContextManager[Held]], Expected]]] = {
    "idle": (Stand.idle, Expected(ORDERLY, {}, set())),
    # What hangs in the storage cannot be given back; its lease runs out.
    "reading": (Stand.reading, Expected(ORDERLY | {"QUIT": 70}, BROKEN_OFF, {"QUIT", "KILL", "STOP"})),
    "decoding": (Stand.decoding, Expected(ORDERLY, BROKEN_OFF, {"KILL", "STOP"})),
    # That takes no time, and who was stopped in it still has the rows.
    "committing": (
        Stand.committing,
        Expected(ORDERLY, {**BROKEN_OFF, "QUIT": DONE, "STOP": DONE}, {"KILL"}),
    ),
}


@pytest.fixture(scope="module")
def gate(system: System) -> Iterator[Gate]:
    with Gate(urlsplit(system.stack.environment[STORAGE]).port or 0) as gate:
        yield gate


@pytest.fixture(scope="module")
def crew(system: System, gate: Gate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    """One transcribe worker for each signal, and nobody else who transcribes."""
    storage = {STORAGE: f"http://127.0.0.1:{gate.port}"}
    with crew_instead_of(system, "worker-scripted", tmp_path_factory.mktemp("crew")) as crew:
        for number, name in enumerate(SIGNALS):
            crew.start(name, "--queue=transcribe", "--model=scripted", f"--device=cuda:{number}", **storage)
        yield crew


@pytest.fixture
def stand(
    crew: Crew,
    gate: Gate,
    client: Client,
    sessions: SessionFactory,
    marked_call: Callable[[int], Path],
) -> Stand:
    return Stand(crew, gate, client, sessions, marked_call(HARMLESS))


class TestSignals:
    @pytest.mark.parametrize(("doing", "expected"), DOING.values(), ids=DOING)
    def test_a_worker_leaves_or_goes_on_and_every_job_completes_once(
        self, stand: Stand, doing: Callable[[Stand], AbstractContextManager[Held]], expected: Expected
    ) -> None:
        crew = stand.crew
        until(crew.is_ready)

        with doing(stand) as held:
            for name, number in SIGNALS.items():
                crew.send(name, number)

        statuses = {name: crew.status_of(name) for name in FATAL}
        for name in FATAL:
            crew.start_again(name)
        until(lambda: not held.batches or stand.has_outslept(held, expected.batches["STOP"]))
        jobs = held.jobs or stand.submit(1)
        crew.wake("STOP")
        until(all_ended(stand.sessions, jobs))
        assert_complete_once(stand.sessions, jobs)
        assert statuses == expected.statuses
        assert crew.runs("STOP")
        with stand.sessions.begin() as session:
            batches = {name: session.get_one(DeviceBatch, each).state for name, each in held.batches.items()}
            suspects = {name for name, each in held.chunks.items() if session.get_one(Chunk, each).alone}
        assert batches == expected.batches
        assert suspects == expected.suspects
