"""What probes of processes without a port look at."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from celery import Celery
from pydantic import SecretStr

from core.database import SessionFactory, open_sessions
from workers.dispatcher.loop import Dispatcher
from workers.process import Process
from workers.settings import DispatcherSettings
from workers.transcription.device import Device

BEAT_ONCE: Final = """
from celery.signals import heartbeat_sent
import workers.lifecycle
heartbeat_sent.send(sender=None)
"""
NOBODY_THERE: Final = SecretStr("postgresql://nobody@127.0.0.1:1/nothing")


class OneRound(Dispatcher):
    """Stops as it begins, so that `run` makes one round."""

    def tick(self) -> None:
        self.stop()
        super().tick()


@pytest.fixture
def alive_file(tmp_path: Path) -> Path:
    return tmp_path / "alive"


class TestDispatcher:
    def test_is_young_after_each_round(
        self,
        dispatcher_settings: DispatcherSettings,
        sessions: SessionFactory,
        app: Celery,
        alive_file: Path,
    ) -> None:
        settings = dispatcher_settings.model_copy(update={"alive_file": alive_file})

        OneRound(settings, sessions, app).run()

        assert alive_file.exists()

    def test_grows_old_while_the_database_is_away(
        self, dispatcher_settings: DispatcherSettings, app: Celery, alive_file: Path
    ) -> None:
        settings = dispatcher_settings.model_copy(
            update={"alive_file": alive_file, "database_url": NOBODY_THERE}
        )

        OneRound(settings, open_sessions(NOBODY_THERE, process="tests"), app).run()

        assert not alive_file.exists()


class TestWorker:
    def test_is_young_after_each_heartbeat(self, environment: dict[str, str], alive_file: Path) -> None:
        beat_once({**environment, "CALLSCRIBE_ALIVE_FILE": str(alive_file)})

        assert alive_file.exists()

    def test_is_left_to_the_device_where_there_is_one(
        self, environment: dict[str, str], alive_file: Path
    ) -> None:
        beat_once(
            {
                **environment,
                "CALLSCRIBE_ALIVE_FILE": str(alive_file),
                "CALLSCRIBE_WORKER_MODEL": "scripted",
            }
        )

        assert not alive_file.exists()


class TestDevice:
    def test_is_young_once_its_engine_is_loaded(self, process: Process, alive_file: Path) -> None:
        settings = process.settings.model_copy(update={"alive_file": alive_file})

        Device.load(replace(process, settings=settings), "scripted").close()

        assert alive_file.exists()


def beat_once(settings: dict[str, str]) -> None:
    """As Celery does, in a process of its own: the application is made when its module is imported."""
    subprocess.run([sys.executable, "-c", BEAT_ONCE], env={**os.environ, **settings}, check=True, timeout=60)
