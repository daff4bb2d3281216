"""A folder of recordings through the whole system, with the program that sends them killed in between."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import func, select

from client import Client
from core.database import SessionFactory
from embedded.system import System
from models import Batch, Job
from models.states import JobState
from tests.acceptance.waiting import until

CALLS: Final = 24


@pytest.fixture
def folder(tmp_path: Path, marked_call: Callable[[int], Path]) -> Path:
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    for number in range(CALLS):
        shutil.copy(marked_call(200), recordings / f"{number:02}.wav")
    return recordings


def submit(system: System, folder: Path, *options: str) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "CALLSCRIBE_API_URL": system.api_url,
        "CALLSCRIBE_API_KEY": system.api_key,
        "CALLSCRIBE_STATE_DIR": str(folder.parent / "state"),
    }
    words = ["submit", str(folder), "--name", folder.parent.name, "--parallel", "1", *options]
    return subprocess.Popen(
        [sys.executable, "-m", "cli.main", *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def has_items(sessions: SessionFactory, name: str, count: int) -> Callable[[], bool]:
    def reached() -> bool:
        with sessions.begin() as session:
            counted = select(func.coalesce(func.max(Batch.items_total), 0)).where(Batch.name == name)
            return session.execute(counted).scalar_one() >= count

    return reached


class TestFolder:
    def test_is_transcribed_once_though_its_sender_is_killed(
        self, system: System, client: Client, sessions: SessionFactory, folder: Path
    ) -> None:
        for share in (3, 7):
            sender = submit(system, folder)
            until(has_items(sessions, folder.parent.name, share))
            sender.kill()
            sender.communicate()
            assert sender.returncode == -signal.SIGKILL

        again = submit(system, folder, "--out", str(folder.parent / "out"), "--format", "json,srt,csv")
        printed, told = again.communicate(timeout=180)

        assert again.returncode == 0, told
        assert f"{CALLS} of {CALLS}" in printed
        with sessions.begin() as session:
            batch = session.scalars(select(Batch).where(Batch.name == folder.parent.name)).one()
            jobs = session.scalars(select(Job).where(Job.batch_id == batch.id)).all()
        assert sorted(str(job.custom_id) for job in jobs) == [f"{number:02}.wav" for number in range(CALLS)]
        assert {job.state for job in jobs} == {JobState.COMPLETED}
        written = sorted(path.name for path in (folder.parent / "out").iterdir())
        assert written == sorted(
            [f"{number:02}.{form}" for number in range(CALLS) for form in ("json", "srt")] + ["calls.csv"]
        )
        assert json.loads((folder.parent / "out" / "00.json").read_text())["utterances"]
        assert client.batches.get(batch.id).is_completed
