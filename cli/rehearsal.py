"""A backup is restored into servers of its own, compared, and asked for transcripts; then all of it is gone.

Neither dispatcher nor workers run: nothing of the restored system is done, sent or fetched.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from backups.making import OnStep
from backups.restoring import Restored, restore
from backups.site import Site
from cli.own_servers import NO_BROKER, site_at
from client import Access, Client
from core.errors import ServiceNotStarted
from core.settings import program_environment
from embedded.lodging import exile_of
from embedded.ports import LOOPBACK, PortBook
from embedded.program import Program
from embedded.settings import EmbeddedSettings, PortSettings
from embedded.stack import EmbeddedStack
from migrations.upgrade import upgrade
from models.repositories.api_keys import ApiKeyRepository
from models.repositories.jobs import JobRepository
from models.repositories.owners import OwnerRepository
from models.scope import Scope
from models.states import JobState

ROOT: Final = Path(__file__).resolve().parents[1]
START_TIMEOUT_S: Final = 60.0
POLL_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Rehearsal:
    restored: Restored
    transcripts: int
    """Read through the API: the newest of each owner that has one."""


@dataclass(frozen=True, slots=True)
class Question:
    """A transcript to ask for, and the key that opens it."""

    key: str
    job_id: uuid.UUID


def rehearse(
    directory: Path, *, scratch: Path | None, erase: Collection[uuid.UUID], on_step: OnStep
) -> Rehearsal:
    """`scratch` takes the restored system for a while; it must have room for it."""
    on_step("starting Postgres and SeaweedFS of the rehearsal's own")
    with _stack(scratch) as stack:
        site = site_at(stack.environment)
        restored = restore(site, directory, erase=erase, on_step=on_step)
        on_step("bringing the database to the newest schema")
        upgrade(site.database_url)
        on_step("starting the API")
        url = _start_api(stack)
        on_step("reading transcripts through the API")
        questions = _questions(site)
        for question in questions:
            with Client(Access(url, question.key)) as client:
                client.transcript(question.job_id)
        on_step("removing it all")
    return Rehearsal(restored, transcripts=len(questions))


@contextmanager
def _stack(scratch: Path | None) -> Iterator[EmbeddedStack]:
    """Whatever the environment says of servers: it must not lead to real ones."""
    with tempfile.TemporaryDirectory(prefix="callscribe-rehearsal-", dir=scratch) as directory:
        state = Path(directory).absolute() / "state"
        settings = EmbeddedSettings(
            state_dir=state,
            database_url=None,
            broker_url=NO_BROKER,
            storage=None,
            embedded_ports=PortSettings(),
        )
        try:
            with EmbeddedStack(settings) as stack:
                yield stack
        finally:
            shutil.rmtree(exile_of(state), ignore_errors=True)


def _start_api(stack: EmbeddedStack) -> str:
    """Where it answers, once it does."""
    port = PortBook(stack.state.path / "process-ports.json").port("api")
    url = f"http://{LOOPBACK}:{port}"
    process = stack.supervisor.start(
        Program(
            name="api",
            command=(sys.executable, "-m", "cli.main", "api", f"--port={port}"),
            environment={**program_environment(), **stack.environment, "PYTHONPATH": str(ROOT)},
            directory=ROOT,
            watched=True,
        )
    )
    deadline = time.monotonic() + START_TIMEOUT_S
    with httpx.Client(trust_env=False, timeout=5) as http:
        while not _is_ready(http, url):
            if process.exit_status is not None or time.monotonic() > deadline:
                raise ServiceNotStarted(f"The API did not come up: {process.log_tail()}")
            time.sleep(POLL_S)
    return url


def _is_ready(http: httpx.Client, url: str) -> bool:
    try:
        return http.get(f"{url}/readyz").is_success
    except httpx.TransportError:
        return False


def _questions(site: Site) -> list[Question]:
    """With keys that only the rehearsal's own database knows."""
    with site.sessions() as sessions, sessions.begin() as session:
        questions = []
        for owner in OwnerRepository(session).all():
            jobs = JobRepository(session).page(owner.id, states=[JobState.COMPLETED], before=None, limit=1)
            if jobs:
                key = ApiKeyRepository(session).issue(owner, name="rehearsal", scopes=[Scope.READ])
                questions.append(Question(key.shown, jobs[0].id))
    return questions
