"""Every process under its own login and its own identity, all of it over TLS: a call goes all its way."""

from __future__ import annotations

import re
import signal
import ssl
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import psycopg
import pytest
import soundfile
import trustme
from typer.testing import CliRunner

from cli.main import app
from embedded.ports import LOOPBACK, PortBook
from embedded.program import Program
from embedded.settings import inherited_environment
from embedded.supervisor import Supervisor
from tests.acceptance.waiting import until
from tests.integration.hardening.logins import Database
from tests.integration.hardening.stores import Store
from tests.receiver import Receiver
from tests.tls_front import PostgresTlsFront

ROOT: Final = Path(__file__).parents[3]
SAMPLE: Final = ROOT / "samples" / "call_en.wav"
PROCESSES: Final = {
    "api": ("api", "api", ("api",)),
    "dispatcher": ("dispatcher", "dispatcher", ("dispatcher",)),
    "prepare": ("worker", "prepare", ("worker", "--queue=prepare,finish")),
    "transcribe": (
        "worker",
        "transcribe",
        ("worker", "--queue=transcribe", "--model=scripted", "--device=cpu"),
    ),
    "deliver": ("deliver", "nobody", ("worker", "--queue=deliver")),
}
"""Login at Postgres, identity at the store, and the arguments of `callscribe`, by process."""
SETTINGS: Final = {
    "CALLSCRIBE_MODELS": '["scripted"]',
    "CALLSCRIBE_OUTBOUND__ALLOWED_NETWORKS": '["127.0.0.0/8"]',
    # All that is over goes at once.
    "CALLSCRIBE_PURGE_EVERY": "PT0.5S",
    "CALLSCRIBE_SWEEP_EVERY": "PT0.5S",
    "CALLSCRIBE_KEEP_CHUNKS": "PT0S",
    "CALLSCRIBE_KEEP_UPLOADS": "PT0S",
    "CALLSCRIBE_KEEP_DEVICE_BATCHES": "PT0S",
}
REFUSED: Final = re.compile(
    r"permission denied|row-level security|AccessDenied|\b403\b|Traceback|upkeep ended"
)


@dataclass(frozen=True, slots=True)
class Site:
    api: httpx.Client
    store: httpx.Client
    """A client that has no identity: what is presigned is all that it can do."""
    logs: Path


@pytest.fixture(scope="module")
def front(database: Database, authority: trustme.CA) -> Iterator[PostgresTlsFront]:
    with PostgresTlsFront(authority, upstream=database.administration.port or 5432) as front:
        yield front


@pytest.fixture(scope="module")
def environment_of(
    environment: dict[str, str], database: Database, store: Store, front: PostgresTlsFront, ca_file: Path
) -> Callable[[str, str], Mapping[str, str]]:
    def build(login: str, identity: str) -> Mapping[str, str]:
        return {
            **inherited_environment(),
            "PYTHONPATH": str(ROOT),
            "CALLSCRIBE_BROKER_URL": environment["CALLSCRIBE_BROKER_URL"],
            "CALLSCRIBE_DATABASE_URL": database.url(login, port=front.port, ca_file=ca_file),
            "CALLSCRIBE_OUTBOUND__CA_FILE": str(ca_file),
            **store.environment(identity),
            **SETTINGS,
        }

    return build


@pytest.fixture(scope="module")
def operator(environment_of: Callable[[str, str], Mapping[str, str]]) -> Callable[..., str]:
    """Their commands, in this process."""
    environment = {**environment_of("operator", "nobody"), "COLUMNS": "200"}

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, arguments, catch_exceptions=False, env=environment)
        assert result.exit_code == 0, result.output
        return result.stdout.strip()

    return run


@pytest.fixture(scope="module")
def site(
    directory: Path,
    environment_of: Callable[[str, str], Mapping[str, str]],
    operator: Callable[..., str],
    ca_file: Path,
) -> Iterator[Site]:
    port = PortBook(directory / "api-ports.json").port("api")
    url = f"http://{LOOPBACK}:{port}"
    logs = directory / "logs"
    logs.mkdir()
    with Supervisor(logs) as supervisor:
        for name, (login, identity, arguments) in PROCESSES.items():
            more = (f"--port={port}",) if name == "api" else ()
            command = (sys.executable, "-m", "cli.main", *arguments, *more)
            program = Program(
                name=name,
                command=command,
                environment=environment_of(login, identity),
                directory=ROOT,
                stop_signal=signal.SIGKILL,  # nothing of it is kept
                watched=True,
            )
            supervisor.start(program)
        headers = {"Authorization": f"Bearer {operator('keys', 'create', '--owner=quality')}"}
        trusting = ssl.create_default_context(cafile=ca_file)
        with (
            httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=60) as api,
            httpx.Client(verify=trusting, trust_env=False) as store,
        ):
            until(lambda: _is_ready(api))
            yield Site(api, store, logs)
        supervisor.stop(*supervisor.processes)


def _is_ready(api: httpx.Client) -> bool:
    try:
        return api.get("/readyz").is_success
    except httpx.TransportError:
        return False


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """The first turn of the English sample."""
    samples, rate = soundfile.read(SAMPLE, dtype="int16")
    soundfile.write(tmp_path / "call.wav", samples[: 6 * rate], rate, subtype="PCM_16")
    return tmp_path / "call.wav"


def completed(site: Site, job_id: str) -> Callable[[], bool]:
    return lambda: site.api.get(f"/v1/jobs/{job_id}", params={"wait": 5}).json()["status"] == "completed"


def changed(database: Database, statement: str) -> None:
    with psycopg.connect(database.administration.render_as_string(hide_password=False)) as connection:
        connection.execute(statement)


def asked(database: Database, query: str) -> object:
    with psycopg.connect(database.administration.render_as_string(hide_password=False)) as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row else None


def test_every_process_does_its_work_with_its_own_rights(
    *,
    site: Site,
    recording: Path,
    receiver: Receiver,
    database: Database,
    operator: Callable[..., str],
) -> None:
    audio = recording.read_bytes()
    form = {"webhook_url": receiver.url("/done")}

    job_id = site.api.post("/v1/jobs", files={"file": ("call.wav", audio)}, data=form).json()["id"]
    upload = site.api.post("/v1/uploads", json={"size_bytes": len(audio)}).json()
    site.store.put(upload["url"], content=audio, headers=upload["headers"]).raise_for_status()
    left = site.api.post("/v1/uploads", json={"size_bytes": 2**27}).json()
    item = {"custom_id": "one", "upload_id": upload["id"], "webhook_url": receiver.url("/item")}
    batch = site.api.post("/v1/batches", json={"items": [item]}).json()

    until(completed(site, job_id))
    assert site.api.get(f"/v1/jobs/{job_id}/transcript").json()["segments"]
    until(lambda: site.api.get(f"/v1/batches/{batch['id']}").json()["status"] == "completed")
    until(lambda: {"/done", "/item"} <= {request.path for request in receiver.requests})
    site.api.delete(f"/v1/jobs/{job_id}").raise_for_status()
    # What the dispatcher purges, the parts of an upload that nobody completed as well.
    changed(database, f"UPDATE uploads SET expires_at = now() WHERE id = '{left['id']}'")
    operator("owners", "set", "quality", "--keep-audio=0", "--keep-transcripts=0")
    until(lambda: asked(database, "SELECT count(*) FROM jobs WHERE erased_at IS NULL") == 0)
    assert asked(database, "SELECT count(*) FROM audit_entries WHERE actor = 'retention'") != 0
    until(lambda: asked(database, "SELECT count(*) FROM chunks") == 0)
    until(lambda: asked(database, "SELECT count(*) FROM device_batches") == 0)
    until(lambda: asked(database, f"SELECT count(*) FROM uploads WHERE id = '{left['id']}'") == 0)

    logs = {log.name: log.read_text() for log in site.logs.iterdir()}
    assert {name: REFUSED.findall(text) for name, text in logs.items() if REFUSED.search(text)} == {}
    assert set(logs) >= {f"{name}.log" for name in PROCESSES}


def test_an_operator_gives_out_keys_and_quotas_and_reads_the_audit_log(operator: Callable[..., str]) -> None:
    prefix = operator("keys", "create", "--owner=others").rpartition("_")[0]
    other = operator("keys", "rotate", prefix).rpartition("_")[0]
    operator("owners", "set", "others", "--jobs=7")

    assert prefix in operator("keys", "list")
    assert "others" in operator("owners", "list")
    assert "revoked" in operator("keys", "revoke", other)
    assert prefix in operator("audit")
