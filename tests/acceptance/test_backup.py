"""A backup of a system at work, restored on servers that knew nothing of it, where the work goes on."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from cli.commands.backup import app
from client import Access, Client, NewItem
from core.database import SessionFactory, engine_of, open_sessions
from embedded.settings import EmbeddedSettings
from embedded.system import Plan, System
from models import Chunk, ChunkState, Event, Job
from models.repositories.restored import GAP
from tests.acceptance.conftest import SAMPLE, SHORT_LEASES
from tests.acceptance.outcomes import assert_complete_once
from tests.acceptance.waiting import acknowledged, all_ended, until


@contextmanager
def callers(client: Client, recording: Path) -> Iterator[None]:
    """Somebody hands over recordings all the while."""
    ended = threading.Event()

    def call() -> None:
        while not ended.wait(0.1):
            acknowledged(client, recording)

    thread = threading.Thread(target=call)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def suspended(system: System, name: str) -> Iterator[None]:
    """The process and its children: what they hold leased, they hold."""
    head = psutil.Process(system.process(name).pid)
    family = [head, *head.children(recursive=True)]
    for each in family:
        each.suspend()
    try:
        yield
    finally:
        for each in family:
            each.resume()


def is_being_heard(sessions: SessionFactory, job_id: uuid.UUID) -> Callable[[], bool]:
    def leased() -> bool:
        with sessions.begin() as session:
            query = select(Chunk.id).where(Chunk.job_id == job_id, Chunk.state == ChunkState.LEASED)
            return session.scalars(query).first() is not None

    return leased


def run(state_dir: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """As on the machine of `callscribe up` with this state directory."""
    monkeypatch.setenv("CALLSCRIBE_STATE_DIR", str(state_dir))
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_work_that_was_in_flight_goes_on_elsewhere(
    *,
    system: System,
    client: Client,
    sessions: SessionFactory,
    marked_call: Callable[[int], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small = marked_call(141)
    done, erased = acknowledged(client, small), acknowledged(client, small)
    batch = client.batches.create([NewItem("item", upload_id=client.uploads.put(small))])
    until(all_ended(sessions, [done, erased]))
    until(lambda: client.batches.get(batch.id).is_final)
    client.erase(erased)
    said = client.transcript(done).text
    # Several device batches: it cannot be over before its worker is suspended.
    in_flight = acknowledged(client, SAMPLE)
    until(is_being_heard(sessions, in_flight))
    backup, elsewhere = tmp_path / "backup", tmp_path / "elsewhere"

    with suspended(system, "worker-scripted"), callers(client, small):
        run(system.stack.state.path, monkeypatch, "make", str(backup))
    restored = run(elsewhere, monkeypatch, "restore", str(backup))

    assert restored.startswith("restored and the same")
    plan = Plan(models=("scripted",), cpu_workers=1, with_flower=False, extra_environment=SHORT_LEASES)
    with System(plan, EmbeddedSettings(state_dir=elsewhere)) as another:
        there = open_sessions(another.database_url, process="tests", pool_size=2)
        # The key of before opens it, as it is in the database.
        with Client(Access(another.api_url, system.api_key)) as restored_client:
            until(all_ended(there, [in_flight]))
            assert restored_client.transcript(done).text == said
            assert restored_client.batches.get(batch.id).is_final
            assert restored_client.job(in_flight).is_completed
        assert_complete_once(there, [done, in_flight])
        with there.begin() as session:
            assert session.get_one(Job, erased).erased_at
            # Numbers of events jump with a restore: it ended there.
            assert session.scalars(select(Event.sequence).where(Event.job_id == in_flight)).one() > GAP
        engine_of(there).dispose()
