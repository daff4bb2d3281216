"""The whole system in its own processes, with the scripted engine and short leases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from pydantic import SecretStr

from cli.client import Client
from cli.settings import Access
from core.database import SessionFactory, engine_of, open_sessions
from embedded.settings import EmbeddedSettings
from embedded.system import Plan, System

SAMPLE = Path("samples/call_en.wav")

SHORT_LEASES = {
    "CALLSCRIBE_LEASE_TTL": "PT4S",
    "CALLSCRIBE_HEARTBEAT_EVERY": "PT1S",
    "CALLSCRIBE_RETRY_PAUSE": "PT0.2S",
    "CALLSCRIBE_ENGINE__MAX_BATCH_CHUNKS": "4",
    # A device batch lasts about a second, so that a fault finds one running.
    "CALLSCRIBE_ENGINE__SCRIPTED__SECONDS_PER_AUDIO_SECOND": "0.05",
}


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Serving, and started again where it crashes."""
    state_dir = tmp_path_factory.mktemp("system")
    plan = Plan(models=("scripted",), cpu_workers=2, extra_environment=SHORT_LEASES)
    stopped = threading.Event()
    with System(plan, EmbeddedSettings(state_dir=state_dir)) as system:
        watcher = threading.Thread(target=system.watch, args=(stopped,), name="watcher")
        watcher.start()
        yield system
        stopped.set()
        watcher.join()


@pytest.fixture
def client(system: System) -> Iterator[Client]:
    with Client(Access(system.api_url, system.api_key)) as client:
        yield client


@pytest.fixture(scope="session")
def sessions(system: System) -> Iterator[SessionFactory]:
    url = SecretStr(system.stack.environment["CALLSCRIBE_DATABASE_URL"])
    sessions = open_sessions(url, process="tests")
    yield sessions
    engine_of(sessions).dispose()


@pytest.fixture(scope="session")
def short_call(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first three turns of the English sample."""
    samples, rate = soundfile.read(SAMPLE, dtype="int16")
    path = tmp_path_factory.mktemp("calls") / "short.wav"
    soundfile.write(path, samples[: 19 * rate], rate, subtype="PCM_16")
    return path
