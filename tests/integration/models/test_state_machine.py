"""Jobs, chunks and device batches in any order of events that a cluster can produce, on a real Postgres.

The machine plays every worker and the dispatcher. A worker remembers each lease that it ever got and
may come back with it at any time, as one does that was stopped and went on.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import product
from typing import Final

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.database import SessionFactory
from core.errors import Conflict, LeaseLost, UndecodableRecording
from models import DeviceBatch, Job, JobStage, Record, Transcript
from models.repositories import clock
from models.repositories.chunk_claims import Budget
from models.repositories.chunks import ChunkRepository
from models.repositories.device_batches import DeviceBatchRepository
from models.repositories.endings import Endings
from models.repositories.erasures import Erasures
from models.repositories.jobs import JobRepository
from models.repositories.recordings import RecordingRepository
from models.repositories.suspects import Suspects
from models.states import Lane
from tests import builders
from tests.integration.models.contradictions import CONTRADICTIONS
from tests.integration.models.remembered_leases import Lease, OnDevice, Stage
from workers.dispatcher import hints
from workers.transcription.committing import commit_hypotheses
from workers.upkeep.expire_jobs import expire_jobs
from workers.upkeep.reap_device_batches import reap_device_batches
from workers.upkeep.reap_jobs import reap_jobs

TTL: Final = timedelta(seconds=60)
FINAL_STATES: Final = frozenset({"completed", "failed", "canceled", "expired"})
MOST_JOBS: Final = 4
NUMBER: Final = st.integers(0, 7)
"""Chooses a job or a lease, old ones too."""
BUDGET: Final = Budget(audio_ms=60_000, chunks=3)

TABLES: Final = ("jobs", "chunks", "device_batches")
TIMES: Final = {
    "jobs": ("lease_expires_at", "available_at", "expires_at"),
    "chunks": ("lease_expires_at",),
    "device_batches": ("lease_expires_at",),
}
"""Deadlines: the clock advances by moving all of them back."""


def announce(session: Session) -> object:
    return hints.due_hints(session, models=[builders.MODEL], window=16)


class Cluster(RuleBasedStateMachine):
    sessions: SessionFactory
    """Given by the test; Hypothesis makes the machines."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[uuid.UUID] = []
        self.stages: list[Stage] = []
        self.batches: list[OnDevice] = []
        self.seen: dict[tuple[str, str], tuple[str, int]] = {}
        """State and attempt of every row when it was last looked at."""
        self.has_chunks = False
        self.uses: Counter[str] = Counter()
        self.over: set[Stage | OnDevice] = set()
        """Leases that were used up or taken away: nothing may be written under them any more."""

    @initialize()
    def empty_tables(self) -> None:
        tables = ", ".join(table.name for table in Record.metadata.sorted_tables)
        with self.sessions.begin() as session:
            session.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
            owner = builders.owner(session)
            self.jobs.append(builders.prepared_job(session, owner, chunks=4).id)
            self.has_chunks = True
        self.submit(Lane.LIVE, None)

    @precondition(lambda self: len(self.jobs) < MOST_JOBS)
    @rule(lane=st.sampled_from(Lane), hours=st.none() | st.integers(1, 3))
    def submit(self, lane: Lane, hours: int | None) -> None:
        with self.sessions.begin() as session:
            job = builders.queued_job(session, builders.owner(session), lane=lane)
            if hours is not None:
                job.expires_at = clock.now(session) + timedelta(hours=hours)
            self.jobs.append(job.id)

    @rule()
    def claim_a_stage(self) -> None:
        """Whatever is believed of the jobs: a hint may be old, or there twice."""
        for job_id, stage in product(self.jobs, (JobStage.PREPARING, JobStage.FINISHING)):
            with suppress(LeaseLost), self.sessions.begin() as session:
                job = JobRepository(session).claim(job_id, stage, ttl=TTL)
                self.stages.append(Stage(job.id, stage, job.attempt))
                return

    @precondition(lambda self: self.stages)
    @rule(number=NUMBER, chunks=st.sampled_from((0, 1, 2, 4)))
    def commit_a_stage(self, number: int, chunks: int) -> None:
        def write(session: Session, job: Job, stage: JobStage) -> None:
            if stage is JobStage.FINISHING:
                Endings(session).complete(job, Transcript(job_id=job.id, content={}))
                return
            job.chunks_total = chunks
            job.advance(JobStage.TRANSCRIBING if chunks else JobStage.FINISHING, at=clock.now(session))
            ChunkRepository(session).queue(job, [builders.chunk(index) for index in range(chunks)])
            self.has_chunks = True

        self._with_a_stage(number, write)

    @precondition(lambda self: self.stages)
    @rule(number=NUMBER, how=st.sampled_from(("fail", "hand back", "crash", "renew")))
    def go_on_otherwise_with_a_stage(self, number: int, how: str) -> None:
        match how:
            case "fail":
                self._with_a_stage(number, lambda s, job, _: Endings(s).fail(job, UndecodableRecording()))
            case "hand back":
                self._with_a_stage(number, lambda s, job, _: job.release(available_at=clock.now(s)))
            case "crash":
                self._with_a_stage(number, lambda s, job, _: Endings(s).survive_crash(job))
            case "renew":
                self._renew_a_stage(number)

    @precondition(lambda self: self.has_chunks)
    @rule()
    def start_a_device_batch(self) -> None:
        with self.sessions.begin() as session:
            batch_id = DeviceBatchRepository(session).open(builders.MODEL).id
        with self.sessions.begin() as session:
            batch, chunks = DeviceBatchRepository(session).start(batch_id, worker="w", budget=BUDGET, ttl=TTL)
            if chunks:
                self.batches.append(OnDevice(batch.id, batch.attempt, tuple(chunks)))

    @precondition(lambda self: self.batches)
    @rule(number=NUMBER, heard=st.integers(0, BUDGET.chunks))
    def commit_a_device_batch(self, number: int, heard: int) -> None:
        """As soon as all are heard; of those that are condemned meanwhile nothing is."""

        def write(session: Session, held: OnDevice) -> None:
            batch = DeviceBatchRepository(session).held(held.batch_id, attempt=held.attempt)
            for chunk in sorted(held.chunks[heard:], key=lambda each: each.job_id):
                Suspects(session).condemn(chunk, UndecodableRecording())
            commit_hypotheses(session, batch, [builders.hypothesis(chunk) for chunk in held.chunks[:heard]])

        self._with_a_batch(number, write)

    @precondition(lambda self: self.batches)
    @rule(number=NUMBER, how=st.sampled_from(("lose", "hand back", "renew")))
    def go_on_otherwise_with_a_device_batch(self, number: int, how: str) -> None:
        match how:
            case "lose":
                self._with_a_batch(number, lambda s, held: Suspects(s).lose(_held(s, held)))
            case "hand back":
                self._with_a_batch(number, lambda s, held: Suspects(s).hand_back(_held(s, held)))
            case "renew":
                self._renew_a_batch(number)

    @rule(seconds=st.sampled_from((1, 61, 61, 3_601)))
    def let_time_pass(self, seconds: int) -> None:
        """With all duties afterwards."""
        with self.sessions.begin() as session:
            for table, columns in TIMES.items():
                moved = ", ".join(f"{each} = {each} - interval '{seconds} seconds'" for each in columns)
                session.execute(text(f"UPDATE {table} SET {moved}"))
        for duty in (reap_device_batches, reap_jobs, expire_jobs):
            with self.sessions.begin() as session:
                duty(session)
        self._look_who_lost_a_lease()

    @precondition(lambda self: self.has_room_for("hints", 3))
    @rule(what=st.sampled_from((announce, hints.forget_all)))
    def let_the_dispatcher_act(self, what: Callable[[Session], object]) -> None:
        self.uses["hints"] += 1
        with self.sessions.begin() as session:
            what(session)

    @precondition(lambda self: self.has_room_for("cancels", 2))
    @rule(number=NUMBER, erases=st.booleans())
    def cancel(self, number: int, erases: bool) -> None:
        self.uses["cancels"] += 1
        if erases:
            self._erase(number)
            return
        with suppress(Conflict), self.sessions.begin() as session:
            Endings(session).cancel(JobRepository(session).locked(self.jobs[number % len(self.jobs)]))
        self._look_who_lost_a_lease()

    def _erase(self, number: int) -> None:
        with self.sessions.begin() as session:
            job = JobRepository(session).locked(self.jobs[number % len(self.jobs)])
            if not job.is_final:
                Endings(session).cancel(job)
        with self.sessions.begin() as session:
            job = JobRepository(session).locked(job.id)
            Erasures(session).erase(job, RecordingRepository(session).get(job.recording_id))
        self._look_who_lost_a_lease()

    @invariant()
    def nothing_contradicts_itself(self) -> None:
        with self.sessions.begin() as session:
            found = {
                name: session.execute(text(query)).scalar_one() for name, query in CONTRADICTIONS.items()
            }

        assert {name: count for name, count in found.items() if count} == {}

    @invariant()
    def whoever_was_promised_is_there(self) -> None:
        with self.sessions.begin() as session:
            there = set(session.scalars(text("SELECT id FROM jobs")))

        assert there == set(self.jobs)

    @invariant()
    def attempts_never_fall_and_final_is_final(self) -> None:
        rows = self._rows()
        broken = [
            (key, self.seen[key], row)
            for key, row in rows.items()
            if key in self.seen
            and (row[1] < self.seen[key][1] or _left_a_final_state(self.seen[key][0], row[0]))
        ]
        self.seen = rows

        assert broken == []

    def _look_who_lost_a_lease(self) -> None:
        """As the rows say, which no worker asks."""
        with self.sessions.begin() as session:
            leased = "SELECT {} FROM {} WHERE lease_expires_at IS NOT NULL"
            stages = {tuple(row) for row in session.execute(text(leased.format("id, attempt", "jobs")))}
            batches = {
                tuple(row) for row in session.execute(text(leased.format("id, attempt", "device_batches")))
            }
        self.over |= {held for held in self.stages if (held.job_id, held.attempt) not in stages}
        self.over |= {held for held in self.batches if (held.batch_id, held.attempt) not in batches}

    def _renew_a_stage(self, number: int) -> None:
        held = self._chosen(self.stages, number)
        with suppress(LeaseLost), self.sessions.begin() as session:
            JobRepository(session).renew(held.job_id, attempt=held.attempt, ttl=TTL)
            assert held not in self.over, "a lease that is over was renewed"

    def _renew_a_batch(self, number: int) -> None:
        held = self._chosen(self.batches, number)
        with suppress(LeaseLost), self.sessions.begin() as session:
            DeviceBatchRepository(session).renew(held.batch_id, attempt=held.attempt, ttl=TTL)
            assert held not in self.over, "a lease that is over was renewed"

    def _rows(self) -> dict[tuple[str, str], tuple[str, int]]:
        with self.sessions.begin() as session:
            return {
                (table, str(row.id)): (row.state, row.attempt)
                for table in TABLES
                for row in session.execute(text(f"SELECT id, state, attempt FROM {table}"))
            }

    def has_room_for(self, what: str, most: int) -> bool:
        """Of what would else fill most of a sequence."""
        return self.uses[what] < most

    def _chosen(self, held: Sequence[Lease], number: int) -> Lease:
        """Every other time one that is over, if there is any."""
        wanted = [each for each in held if (each in self.over) == bool(number % 2)] or held
        return wanted[number // 2 % len(wanted)]

    def _with_a_stage(self, number: int, write: Callable[[Session, Job, JobStage], None]) -> None:
        """What any worker that ever held a stage may try, at any time."""
        held = self._chosen(self.stages, number)
        with suppress(LeaseLost):
            with self.sessions.begin() as session:
                job = JobRepository(session).held(held.job_id, attempt=held.attempt)
                write(session, job, held.stage)
            self._use_up(held)

    def _with_a_batch(self, number: int, write: Callable[[Session, OnDevice], None]) -> None:
        held = self._chosen(self.batches, number)
        with suppress(LeaseLost):
            with self.sessions.begin() as session:
                write(session, held)
            self._use_up(held)

    def _use_up(self, held: Stage | OnDevice) -> None:
        assert held not in self.over, "something was written under a lease that is over"
        self.over.add(held)


def _held(session: Session, held: OnDevice) -> DeviceBatch:
    return DeviceBatchRepository(session).held(held.batch_id, attempt=held.attempt)


def _left_a_final_state(before: str, after: str) -> bool:
    ended = FINAL_STATES | {"done", "empty", "lost"}
    return before in ended and after != before


class TestStateMachine:
    def test_no_order_of_events_breaks_a_promise(self, sessions: SessionFactory) -> None:
        machine = type("ClusterOnPostgres", (Cluster,), {"sessions": sessions})

        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=40,
                stateful_step_count=40,
                deadline=None,
                # To shorten a failing sequence takes minutes; thirty steps can be read as they are.
                phases=(Phase.reuse, Phase.generate),
                suppress_health_check=list(HealthCheck),
            ),
        )
