"""Whoever can write to the broker can run no code by it.

Stop work they can: messages that lie about what they are end Celery's workers, as its own `shutdown` does.
"""

from __future__ import annotations

import base64
import json
import pickle
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import redis

from client import Client
from core.broker import FINISH_QUEUE, PREPARE_QUEUE, SETTINGS, TaskName
from core.database import SessionFactory
from embedded.system import System
from tests.acceptance.outcomes import assert_complete_once
from tests.acceptance.waiting import acknowledged, all_ended, until

PREFIX: Final = SETTINGS["broker_transport_options"]["global_keyprefix"]


class Payload:
    """Unpickled, it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return Path.write_text, (self.path, "here I am")


@pytest.fixture
def broker(system: System) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(system.stack.environment["CALLSCRIBE_BROKER_URL"]) as broker:
        yield broker


def message(body: bytes, *, content_type: str, task: str, queue: str) -> str:
    """As kombu's Redis transport lays them into a list."""
    return json.dumps(
        {
            "body": base64.b64encode(body).decode(),
            "content-encoding": "binary",
            "content-type": content_type,
            "headers": {
                "task": task,
                "id": str(uuid.uuid4()),
                "lang": "py",
                "argsrepr": "()",
                "kwargsrepr": "{}",
            },
            "properties": {
                "correlation_id": str(uuid.uuid4()),
                "reply_to": str(uuid.uuid4()),
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": queue},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": str(uuid.uuid4()),
            },
        }
    )


@pytest.mark.parametrize("queue", [PREPARE_QUEUE, FINISH_QUEUE, "transcribe.scripted", "deliver"])
def test_are_refused_and_work_goes_on(
    *,
    system: System,
    broker: redis.Redis,
    client: Client,
    sessions: SessionFactory,
    short_call: Path,
    tmp_path: Path,
    queue: str,
) -> None:
    proof = tmp_path / "proof"
    pickled = pickle.dumps(([Payload(proof)], {}, {}))
    assert pickle.loads(pickled) and proof.exists(), "the payload does what it says"  # noqa: S301, PT018
    proof.unlink()
    valid = json.dumps([[str(uuid.uuid4())], {}, {}]).encode()
    injected = [
        message(pickled, content_type="application/x-python-serialize", task=TaskName.PREPARE, queue=queue),
        message(
            b"!!python/object/apply:os.system ['true']",
            content_type="application/x-yaml",
            task=TaskName.PREPARE,
            queue=queue,
        ),
        message(valid, content_type="application/json", task="os.system", queue=queue),
        message(valid, content_type="application/json", task=TaskName.PREPARE, queue=queue),
        message(
            json.dumps([["../../etc/passwd"], {}, {}]).encode(),
            content_type="application/json",
            task=TaskName.FINISH,
            queue=queue,
        ),
        message(b"{", content_type="application/json", task=TaskName.PREPARE, queue=queue),
    ]

    broker.rpush(f"{PREFIX}{queue}", *injected)
    until(lambda: broker.llen(f"{PREFIX}{queue}") == 0)
    job = acknowledged(client, short_call)
    until(all_ended(sessions, [job]))

    assert_complete_once(sessions, [job])
    assert not proof.exists()
