"""A batch through the whole system, whatever dies while its items are made jobs."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Iterator

import httpx
import pytest
import soundfile
from sqlalchemy import select

from core.database import SessionFactory
from embedded.system import System
from models import Job
from tests.acceptance.conftest import SAMPLE
from tests.acceptance.outcomes import assert_complete_once
from tests.acceptance.waiting import until

ITEMS = 12
BAD = 2
SECONDS = 3


@pytest.fixture
def api(system: System) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {system.api_key}"}
    with httpx.Client(base_url=system.api_url, headers=headers, trust_env=False, timeout=60) as api:
        yield api


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The first ones of the English sample."""
    samples, rate = soundfile.read(SAMPLE, dtype="int16")
    path = tmp_path_factory.mktemp("calls") / "words.wav"
    soundfile.write(path, samples[: SECONDS * rate], rate, subtype="PCM_16")
    return path.read_bytes()


def uploaded(api: httpx.Client, content: bytes, filename: str) -> str:
    upload = api.post("/v1/uploads", json={"filename": filename}).raise_for_status().json()
    put = httpx.put(upload["url"], content=content, headers=upload["headers"], trust_env=False)
    put.raise_for_status()
    upload_id: str = upload["id"]
    return upload_id


def is_completed(api: httpx.Client, batch_id: str) -> bool:
    """Asked again while the API is away."""
    try:
        answer = api.get(f"/v1/batches/{batch_id}?wait=1")
    except httpx.TransportError:
        return False
    return answer.is_success and answer.json()["status"] == "completed"


@pytest.mark.parametrize("victim", ["worker-prepare", "api", "postgres"])
def test_every_item_becomes_one_job_whatever_dies(
    system: System, api: httpx.Client, sessions: SessionFactory, words: bytes, victim: str
) -> None:
    rows = [f"call {number},{uploaded(api, words, f'{number}.wav')},Kim" for number in range(ITEMS)]
    rows += [f"bad {number},{uuid.uuid4()},Lee" for number in range(BAD)]
    manifest = "custom_id,upload_id,agent\n" + "\n".join(rows)
    source = {"type": "manifest", "format": "csv", "upload_id": uploaded(api, manifest.encode(), "m.csv")}
    batch_id = api.post("/v1/batches", json={"source": source}).raise_for_status().json()["id"]

    os.kill(system.process(victim).pid, signal.SIGKILL)
    until(lambda: is_completed(api, batch_id))

    counts = api.get(f"/v1/batches/{batch_id}").json()["request_counts"]
    assert {name: count for name, count in counts.items() if count} == {
        "total": ITEMS + BAD,
        "completed": ITEMS,
        "refused": BAD,
    }
    with sessions.begin() as session:
        jobs = session.scalars(select(Job).where(Job.batch_id == uuid.UUID(batch_id))).all()
    assert sorted(str(job.custom_id) for job in jobs) == sorted(f"call {n}" for n in range(ITEMS))
    assert_complete_once(sessions, [job.id for job in jobs])
    results = api.get(f"/v1/batches/{batch_id}/results").text.splitlines()
    assert len(results) == ITEMS
