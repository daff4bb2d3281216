"""The whole way of one recording in one process: each stage is called as its worker would call it.

To walk again from the start does no harm, wherever the walk before broke off: that is what is tried.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Final, LiteralString

import psycopg
from pydantic import SecretStr
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import ApiSettings
from chaos.recordings import KnownRecording
from core.broker import create_app as create_broker
from core.outbound.addresses import AddressRules
from core.outbound.client import OutboundClient
from workers.delivery.delivering import deliver
from workers.dispatcher.loop import Dispatcher
from workers.engine_process.hosts import ThreadHost
from workers.engine_process.keeper import EngineKeeper
from workers.engines.continuous import continuous
from workers.engines.scripted import ScriptedEngine
from workers.finishing.stage import finish_job
from workers.preparation.stage import prepare_recording
from workers.process import this_process
from workers.settings import DispatcherSettings
from workers.transcription.device_batches import DeviceBatchRunner

ACKNOWLEDGED: Final = 202
TO_PREPARE: Final = "SELECT id FROM jobs WHERE state = 'queued' OR stage = 'preparing'"
ANNOUNCED: Final = "SELECT id FROM device_batches WHERE state = 'open'"
TO_FINISH: Final = "SELECT id FROM jobs WHERE stage = 'finishing'"
TO_DELIVER: Final = "SELECT id FROM deliveries WHERE state = 'waiting'"


def walk(recording: KnownRecording, *, api_key: str, idempotency_key: str) -> uuid.UUID:
    """From handing it over until its end is announced. The settings are those of the environment."""
    job_id = _submit(recording, api_key, idempotency_key)
    process = this_process()
    url = process.settings.database_url
    with ExitStack() as closing:
        dispatch = closing.enter_context(_dispatcher())
        dispatch.tick()
        for waiting in _ids(url, TO_PREPARE):
            prepare_recording(process, waiting)
        dispatch.tick()
        runner = closing.enter_context(_runner())
        for batch in _ids(url, ANNOUNCED):
            runner.run(batch)
        dispatch.tick()
        for waiting in _ids(url, TO_FINISH):
            finish_job(process, waiting)
        dispatch.tick()
        client = OutboundClient(AddressRules.of(process.settings.outbound))
        for waiting in _ids(url, TO_DELIVER):
            deliver(process, client, waiting)
    return job_id


def _submit(recording: KnownRecording, api_key: str, idempotency_key: str) -> uuid.UUID:
    headers = {"Authorization": f"Bearer {api_key}", "Idempotency-Key": idempotency_key}
    files = {"file": (f"{recording.name}.wav", recording.content)}
    with TestClient(create_app(ApiSettings())) as client:
        answer = client.post("/v1/jobs", files=files, headers=headers)
    if answer.status_code != ACKNOWLEDGED:
        raise NotAcknowledged(answer.text)
    return uuid.UUID(answer.json()["id"])


class NotAcknowledged(Exception):
    """The caller has to try again."""


@contextmanager
def _dispatcher() -> Iterator[Dispatcher]:
    settings = DispatcherSettings()
    app = create_broker(settings)
    try:
        yield Dispatcher(settings, this_process().sessions, app)
    finally:
        app.close()


@contextmanager
def _runner() -> Iterator[DeviceBatchRunner]:
    engine = EngineKeeper(lambda: continuous(ScriptedEngine()), ThreadHost, retry_pause=0.0)
    engine.start()
    runner = DeviceBatchRunner(this_process(), engine, worker="walk")
    try:
        yield runner
    finally:
        runner.reader.close()
        engine.close()


def _ids(url: SecretStr, query: LiteralString) -> Sequence[uuid.UUID]:
    """Past the code that is tried, whose effects are counted."""
    with psycopg.connect(url.get_secret_value()) as connection:
        return [row[0] for row in connection.execute(query).fetchall()]
