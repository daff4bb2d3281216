"""A folder of recordings through the whole system; what sends them, and what takes them, dies in between."""

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
from tests.acceptance.outcomes import assert_complete_once
from tests.acceptance.waiting import until

FEW: Final = 24
MANY: Final = 2_000
TO_THE_END_S: Final = 1_500


def folder_of(tmp_path: Path, recording: Path, count: int) -> Path:
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    for number in range(count):
        shutil.copy(recording, recordings / f"{number:04}.wav")
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
    @pytest.mark.parametrize(
        "calls", [FEW, pytest.param(MANY, marks=[pytest.mark.long, pytest.mark.timeout(TO_THE_END_S)])]
    )
    def test_is_transcribed_once_whatever_dies_meanwhile(
        self,
        system: System,
        client: Client,
        sessions: SessionFactory,
        tmp_path: Path,
        marked_call: Callable[[int], Path],
        calls: int,
    ) -> None:
        folder = folder_of(tmp_path, marked_call(200), calls)
        for share, end in ((1 / 8, signal.SIGKILL), (1 / 3, signal.SIGINT)):
            sender = submit(system, folder)
            until(has_items(sessions, folder.parent.name, int(calls * share)))
            sender.send_signal(end)
            sender.communicate()
            assert sender.returncode in (-end, 130)

        again = submit(system, folder, "--out", str(tmp_path / "out"), "--format", "json,srt,csv")
        until(has_items(sessions, folder.parent.name, calls // 2))
        os.kill(system.process("api").pid, signal.SIGKILL)
        printed, told = again.communicate(timeout=TO_THE_END_S)

        assert again.returncode == 0, told
        assert f"{calls} of {calls}" in printed
        with sessions.begin() as session:
            batch = session.scalars(select(Batch).where(Batch.name == folder.parent.name)).one()
            jobs = session.scalars(select(Job).where(Job.batch_id == batch.id)).all()
        names = [f"{number:04}" for number in range(calls)]
        assert sorted(str(job.custom_id) for job in jobs) == [f"{name}.wav" for name in names]
        assert {job.state for job in jobs} == {JobState.COMPLETED}
        assert_complete_once(sessions, [job.id for job in jobs])
        written = sorted(path.name for path in (tmp_path / "out").iterdir())
        files = [f"{name}.{form}" for name in names for form in ("json", "srt")]
        assert written == sorted([*files, "calls.csv"])
        assert json.loads((tmp_path / "out" / f"{names[0]}.json").read_text())["utterances"]
        assert client.batches.get(batch.id).is_completed
