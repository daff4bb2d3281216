"""What Postgres shows a request: the rows of its owner, whatever the query says."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import ProgrammingError
from starlette.testclient import TestClient

from api.acting import ACTING
from core.database import SessionFactory
from models import Job, Owner, Record, Recording
from models.repositories.audit import Actor
from models.repositories.owners import OwnerRepository
from models.transcript_content import as_json
from tests import builders
from tests.integration.api import stages
from tests.integration.api.conftest import resources_of, submit
from tests.integration.api.test_transcripts import CONTENT

KINDS: Final = sorted((each.class_ for each in Record.registry.mappers), key=lambda kind: kind.__tablename__)
OF_NOBODY: Final = {"device_batches", "fair_clocks", "prepare_workers", "workers"}
"""Of the system itself."""


@contextmanager
def acting_for(owner_id: uuid.UUID) -> Iterator[None]:
    token = ACTING.set(Actor(owner_id, "cs_tests123"))
    try:
        yield
    finally:
        ACTING.reset(token)


@pytest.fixture
def rows_of_two(client: TestClient, sessions: SessionFactory, owner_id: uuid.UUID) -> uuid.UUID:
    """Something of `tests` in most tables; the id of another owner, who has jobs with chunks too."""
    stages.complete(sessions, submit(client), as_json(CONTENT))
    stages.prepare(sessions, submit(client))
    upload = client.post("/v1/uploads", json={}).json()["id"]
    client.post("/v1/batches", json={"items": [{"upload_id": upload}]})
    webhook = client.post("/v1/webhooks", json={"url": "https://hooks.example/a"}).json()["id"]
    client.post(f"/v1/webhooks/{webhook}/test")
    with sessions.begin() as session:
        other = OwnerRepository(session).named("somebody else")
        builders.prepared_job(session, other, chunks=2)
    return other.id


def test_every_table_has_a_rule(sessions: SessionFactory) -> None:
    with sessions.begin() as session:
        secured = set(
            session.scalars(
                text("SELECT tablename FROM pg_policies WHERE policyname = 'own_rows' AND cmd = 'ALL'")
            )
        )
        enabled = set(session.scalars(text("SELECT relname FROM pg_class WHERE relrowsecurity")))

    assert secured == enabled == {table.name for table in Record.metadata.sorted_tables} - OF_NOBODY


@pytest.mark.parametrize(
    "kind", [each.class_ for each in Record.registry.mappers], ids=lambda kind: kind.__tablename__
)
def test_a_query_without_an_owner_finds_ones_own(
    client: TestClient,
    sessions: SessionFactory,
    owner_id: uuid.UUID,
    rows_of_two: uuid.UUID,
    kind: type[Record],
) -> None:
    counted = select(func.count()).select_from(kind)
    with sessions.begin() as session:
        there = session.execute(counted).scalar_one()
    seen = {}
    for owner in (owner_id, rows_of_two, uuid.uuid4()):
        with acting_for(owner), resources_of(client).sessions.begin() as session:
            seen[owner] = session.execute(counted).scalar_one()

    if kind.__tablename__ in OF_NOBODY:
        assert set(seen.values()) == {there}
    else:
        own, others, nobodys = seen.values()
        assert (own + others, nobodys) == (there, 0)


def test_nothing_of_another_can_be_changed(
    client: TestClient, owner_id: uuid.UUID, rows_of_two: uuid.UUID, sessions: SessionFactory
) -> None:
    with acting_for(rows_of_two), resources_of(client).sessions.begin() as session:
        changed = session.execute(text("UPDATE jobs SET details = '{\"stolen\": true}'"))
        assert changed.rowcount == 1  # type: ignore[attr-defined]

    with sessions.begin() as session:
        stolen = session.scalars(select(Job).where(Job.details.has_key("stolen"))).all()
    assert {job.owner_id for job in stolen} == {rows_of_two}


def test_nothing_can_be_made_in_anothers_name(
    client: TestClient, owner_id: uuid.UUID, rows_of_two: uuid.UUID
) -> None:
    forged = Recording(id=uuid.uuid4(), owner_id=owner_id, object_key="x", size_bytes=1)

    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        acting_for(rows_of_two),
        resources_of(client).sessions.begin() as session,
    ):
        session.add(forged)


def test_it_ends_with_the_transaction(
    client: TestClient, owner_id: uuid.UUID, rows_of_two: uuid.UUID
) -> None:
    sessions = resources_of(client).sessions
    with acting_for(owner_id), sessions.begin() as session:
        assert session.scalars(select(Owner.name)).all() == ["tests"]

    with sessions.begin() as session:
        assert len(session.scalars(select(Owner.name)).all()) > 1
