"""Recordings that a prepare worker fetches, from servers that behave well and badly."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import pytest

from core.database import SessionFactory
from core.outbound.addresses import Address
from core.settings import FetchSettings, OutboundSettings
from models import Job, JobState, Recording
from models.repositories.recordings import RecordingRepository
from submission.fetching import to_fetch
from submission.options import JobOptions
from submission.queueing import queue
from tests import builders
from tests import receiver as behaviours
from tests.integration.workers.walking import SAMPLE, job_of
from tests.receiver import NAME, Receiver
from workers.preparation.stage import prepare_recording
from workers.process import Process

SECRET: Final = "signature=hush"
ATTEMPTS: Final = 2
Asked = Callable[..., uuid.UUID]


def loopback(_host: str, _port: int) -> Sequence[Address]:
    return [ip_address("127.0.0.1")]


@pytest.fixture
def fetching(process: Process, ca_file: Path) -> Process:
    """A worker that may fetch from the receiver, which lies on loopback."""
    changes = {
        "fetch": FetchSettings(enabled=True, hosts=(NAME,), attempts=ATTEMPTS, timeout=timedelta(seconds=5)),
        "outbound": OutboundSettings(allowed_hosts=(NAME,), ca_file=ca_file),
        "retry_pause": timedelta(0),
        "max_recording_bytes": 5_000_000,
    }
    return replace(process, settings=process.settings.model_copy(update=changes), resolver=loopback)


@pytest.fixture
def asked(sessions: SessionFactory, process: Process, receiver: Receiver) -> Asked:
    """A job for what lies at the receiver."""

    def ask(url: str | None = None) -> uuid.UUID:
        with sessions.begin() as session:
            owner_id = builders.owner(session).id
            recording = to_fetch(url or receiver.url(f"/call.wav?{SECRET}", host=NAME), owner_id=owner_id)
            return queue(session, recording, JobOptions(), process.settings).id

    return ask


def recording_of(sessions: SessionFactory, job: Job) -> Recording:
    with sessions.begin() as session:
        return RecordingRepository(session).get(job.recording_id)


class TestFetching:
    def test_puts_the_recording_into_storage_and_forgets_its_address(
        self, *, fetching: Process, sessions: SessionFactory, receiver: Receiver, asked: Asked
    ) -> None:
        content = SAMPLE.read_bytes()
        receiver.behaviour = behaviours.status(200, content)
        job_id = asked()

        prepare_recording(fetching, job_id)

        recording = recording_of(sessions, job_of(sessions, job_id))
        assert (recording.size_bytes, recording.source_url) == (len(content), None)
        assert recording.filename == "call.wav"
        stored = fetching.storage.read(recording.object_key, first_byte=0, last_byte=len(content))
        assert stored == content
        assert [(each.method, each.path) for each in receiver.requests] == [("GET", f"/call.wav?{SECRET}")]

    @pytest.mark.parametrize(
        ("behaviour", "code"),
        [
            (behaviours.status(404), "fetch_refused"),
            (behaviours.status(403, b"no"), "fetch_refused"),
            (behaviours.status(302, Location="https://127.0.0.1/"), "fetch_refused"),
            (behaviours.status(200, b""), "audio_empty"),
            (behaviours.endless, "payload_too_large"),
        ],
    )
    def test_fails_for_good_where_trying_again_cannot_help(
        self,
        *,
        fetching: Process,
        sessions: SessionFactory,
        receiver: Receiver,
        asked: Asked,
        behaviour: behaviours.Behaviour,
        code: str,
    ) -> None:
        receiver.behaviour = behaviour
        job_id = asked()

        prepare_recording(fetching, job_id)

        assert (job_of(sessions, job_id).state, job_of(sessions, job_id).error_code) == (
            JobState.FAILED,
            code,
        )
        assert receiver.connections == 1

    @pytest.mark.parametrize(
        "behaviour",
        [behaviours.status(503), behaviours.status(429), behaviours.reset, behaviours.raw(b"nonsense")],
    )
    def test_is_tried_again_where_that_can_help_and_not_for_ever(
        self,
        *,
        fetching: Process,
        sessions: SessionFactory,
        receiver: Receiver,
        asked: Asked,
        behaviour: behaviours.Behaviour,
    ) -> None:
        receiver.behaviour = behaviour
        job_id = asked()

        prepare_recording(fetching, job_id)
        first = job_of(sessions, job_id).state
        prepare_recording(fetching, job_id)

        job = job_of(sessions, job_id)
        assert (first, job.state, job.error_code) == (JobState.PROCESSING, JobState.FAILED, "fetch_failed")
        assert receiver.connections == ATTEMPTS

    def test_of_half_a_recording_is_none(
        self, *, fetching: Process, sessions: SessionFactory, receiver: Receiver, asked: Asked
    ) -> None:
        receiver.behaviour = behaviours.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nRIFF")
        job_id = asked()

        prepare_recording(fetching, job_id)

        assert recording_of(sessions, job_of(sessions, job_id)).size_bytes == 0

    def test_goes_to_public_addresses_only(
        self, *, fetching: Process, sessions: SessionFactory, receiver: Receiver, asked: Asked
    ) -> None:
        outbound = fetching.settings.outbound.model_copy(update={"allowed_hosts": ()})
        fetch = fetching.settings.fetch.model_copy(update={"hosts": ("*",)})
        settings = fetching.settings.model_copy(update={"outbound": outbound, "fetch": fetch})
        job_id = asked("https://calls.example/call.wav")

        prepare_recording(replace(fetching, settings=settings), job_id)

        assert job_of(sessions, job_id).error_code == "address_forbidden"
        assert receiver.connections == 0

    def test_is_refused_by_a_worker_that_fetches_nothing(
        self, *, process: Process, sessions: SessionFactory, receiver: Receiver, asked: Asked
    ) -> None:
        job_id = asked()

        prepare_recording(process, job_id)

        assert job_of(sessions, job_id).error_code == "import_forbidden"
        assert receiver.connections == 0

    def test_leaves_no_secret_in_logs_and_errors(
        self,
        *,
        fetching: Process,
        sessions: SessionFactory,
        receiver: Receiver,
        asked: Asked,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        receiver.behaviour = behaviours.status(404)
        job_id = asked()

        with caplog.at_level(logging.DEBUG):
            prepare_recording(fetching, job_id)

        told = [str(record.__dict__) for record in caplog.records]
        assert told != []
        assert "hush" not in f"{told} {job_of(sessions, job_id).error_message}"
