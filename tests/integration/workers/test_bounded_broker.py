"""Whatever waits, and however long nobody comes: the broker holds a handful of messages."""

from __future__ import annotations

from typing import Any, Final

import pytest
from celery import Celery
from sqlalchemy import text

from benchmarks.bulk import queue_chunks, queue_jobs
from core.database import SessionFactory
from models import Lane
from tests import builders
from tests.builders import MODEL
from tests.integration.workers.conftest import Mailbox
from workers.dispatcher.loop import MOST_IN_A_QUEUE, Dispatcher
from workers.settings import DispatcherSettings

JOBS: Final = 5_000
CHUNKS: Final = 20_000
ROUNDS: Final = 2 * MOST_IN_A_QUEUE // 16
"""Of the dispatcher, in each of which every hint is due again: twice what a queue takes."""


@pytest.fixture
def backlog(sessions: SessionFactory) -> None:
    with sessions.begin() as session:
        owner = builders.owner(session)
        queue_chunks(session, owner, CHUNKS, model=MODEL)
        for lane in Lane:
            queue_jobs(session, owner, JOBS, model=MODEL, lane=lane)
        for _ in range(40):
            builders.prepared_job(session, owner, chunks=0)


def lengths(app: Celery) -> list[int]:
    """Of every list in the broker, whatever it is called."""
    with app.connection_for_read() as connection:
        channel: Any = connection.default_channel
        keys = [key.decode() for key in channel.client.scan_iter() if channel.client.type(key) == b"list"]
        return [channel.client.llen(key.removeprefix("callscribe:")) for key in keys]


def hints_grow_old(sessions: SessionFactory) -> None:
    with sessions.begin() as session:
        for table in ("jobs", "device_batches"):
            session.execute(text(f"UPDATE {table} SET hinted_at = 'epoch' WHERE hinted_at IS NOT NULL"))


@pytest.mark.usefixtures("backlog")
class TestBroker:
    def test_holds_a_window_of_hints_whatever_the_backlog(
        self, dispatcher: Dispatcher, dispatcher_settings: DispatcherSettings, app: Celery
    ) -> None:
        for _ in range(3):
            dispatcher.tick()

        window = dispatcher_settings.hint_window
        # Two lanes to prepare, those to finish, and one device batch for whoever comes first.
        assert sorted(lengths(app)) == [1, window, window, window]

    def test_fills_no_further_when_nobody_comes_and_is_filled_again_when_somebody_does(
        self,
        dispatcher: Dispatcher,
        dispatcher_settings: DispatcherSettings,
        mailbox: Mailbox,
        sessions: SessionFactory,
        app: Celery,
    ) -> None:
        for _ in range(ROUNDS):
            dispatcher.tick()
            hints_grow_old(sessions)
        longest = max(lengths(app))
        mailbox.empty()
        dispatcher.tick()

        assert longest < MOST_IN_A_QUEUE + dispatcher_settings.hint_window
        assert sorted(lengths(app))[-1] == dispatcher_settings.hint_window
