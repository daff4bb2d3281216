"""The whole system in its own processes, with the scripted engine and short leases."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from pydantic import SecretStr

from client import Access, Client
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
RECEIVERS = {
    "CALLSCRIBE_OUTBOUND__ALLOWED_NETWORKS": '["127.0.0.0/8"]',
    # What a killed worker was sending is sent again after this and the lease.
    "CALLSCRIBE_DELIVERY__TIMEOUT": "PT2S",
}
MISBEHAVIOUR = {
    "CALLSCRIBE_STALL_AFTER": "PT3S",
    "CALLSCRIBE_ENGINE__SCRIPTED__CRASH_ON_PEAK": "911",
    "CALLSCRIBE_ENGINE__SCRIPTED__HANG_ON_PEAK": "913",
    "CALLSCRIBE_ENGINE__SCRIPTED__OVERLOAD_ON_PEAK": "915",
    "CALLSCRIBE_ENGINE__SCRIPTED__BREAK_ON_PEAK": "917",
}
"""A chunk whose loudest sample is so many thousandths of full scale makes the engine misbehave.

No turn of the samples is that loud.
"""


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory, ca_file: Path) -> Iterator[System]:
    """Serving, and started again where it crashes."""
    state_dir = tmp_path_factory.mktemp("system")
    environment = SHORT_LEASES | MISBEHAVIOUR | RECEIVERS | {"CALLSCRIBE_OUTBOUND__CA_FILE": str(ca_file)}
    plan = Plan(models=("scripted",), cpu_workers=2, extra_environment=environment)
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


@pytest.fixture(scope="session")
def marked_call(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """One turn whose loudest sample is so many thousandths of full scale, lossless all the way."""
    samples, rate = soundfile.read(SAMPLE, dtype="float32")
    turn = soxr.resample(samples[: 6 * rate, 0], rate, 16_000)
    directory = tmp_path_factory.mktemp("marked")

    def write(peak: int) -> Path:
        path = directory / f"{peak}.wav"
        soundfile.write(path, turn * (peak / 1000 / np.abs(turn).max()), 16_000, subtype="PCM_16")
        return path

    return write
