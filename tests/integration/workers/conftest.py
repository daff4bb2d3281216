"""The broker as the dispatcher and the tests see it, and what a worker process holds."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest
import soundfile
from celery import Celery
from pydantic import SecretStr

from core.broker import (
    ADMIT_QUEUE,
    FINISH_QUEUE,
    PREPARE_LIVE_QUEUE,
    PREPARE_QUEUE,
    create_app,
    transcribe_queue,
)
from core.database import SessionFactory
from core.settings import BrokerAccess, StorageSettings
from core.storage import ObjectStorage
from tests.builders import MODEL
from tests.integration.workers.walking import SAMPLE, submitted
from workers.dispatcher.loop import Dispatcher
from workers.preparation.decoder.nursery import Nursery
from workers.process import Process
from workers.settings import DispatcherSettings, WorkerSettings

QUEUES = (ADMIT_QUEUE, PREPARE_LIVE_QUEUE, PREPARE_QUEUE, FINISH_QUEUE, transcribe_queue(MODEL))


class Mailbox:
    """What lies in the broker's queues."""

    def __init__(self, app: Celery) -> None:
        self.app = app

    def take(self, queue: str, *, limit: int | None = None) -> list[str]:
        """The ids of all hints in a queue, or of the first ones; they are not in it afterwards."""
        ids: list[str] = []
        with self.app.connection_for_read() as connection:
            channel: Any = connection.default_channel
            while len(ids) != limit and (message := channel.basic_get(queue, no_ack=True)):
                body = message.body if isinstance(message.body, str) else message.body.decode()
                ids.append(json.loads(body)[0][0])
        return ids

    def empty(self) -> None:
        """As FLUSHALL does."""
        with self.app.connection_for_write() as connection:
            channel: Any = connection.default_channel
            channel.client.flushall()


@pytest.fixture
def app(environment: dict[str, str]) -> Iterator[Celery]:
    app = create_app(BrokerAccess(broker_url=SecretStr(environment["CALLSCRIBE_BROKER_URL"])))
    yield app
    app.close()


@pytest.fixture
def mailbox(app: Celery) -> Mailbox:
    box = Mailbox(app)
    box.empty()
    return box


@pytest.fixture
def dispatcher_settings(environment: dict[str, str], storage_settings: StorageSettings) -> DispatcherSettings:
    return DispatcherSettings(
        storage=storage_settings,
        database_url=SecretStr(environment["CALLSCRIBE_DATABASE_URL"]),
        broker_url=SecretStr(environment["CALLSCRIBE_BROKER_URL"]),
        models=(MODEL,),
    )


@pytest.fixture
def dispatcher(
    dispatcher_settings: DispatcherSettings, sessions: SessionFactory, app: Celery, mailbox: Mailbox
) -> Dispatcher:
    return Dispatcher(dispatcher_settings, sessions, app)


@pytest.fixture
def process(
    environment: dict[str, str], sessions: SessionFactory, storage: ObjectStorage
) -> Iterator[Process]:
    settings = WorkerSettings(
        database_url=SecretStr(environment["CALLSCRIBE_DATABASE_URL"]),
        broker_url=SecretStr(environment["CALLSCRIBE_BROKER_URL"]),
        retry_pause=0,
    )
    with closing(Nursery()) as nursery:
        yield Process(settings=settings, sessions=sessions, storage=storage, nursery=nursery)


@pytest.fixture
def silent_wav() -> bytes:
    """Three seconds of silence, one channel at 8 kHz."""
    file = io.BytesIO()
    soundfile.write(file, np.zeros(24_000, np.float32), 8_000, format="WAV", subtype="PCM_16")
    return file.getvalue()


@pytest.fixture
def job_id(process: Process) -> uuid.UUID:
    return submitted(process, SAMPLE.read_bytes())
