"""The embedded servers, from outside."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import psutil
import psycopg
import pytest
import redis
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from pydantic import SecretStr

from core.errors import Conflict
from core.settings import StorageSettings
from embedded.settings import EmbeddedSettings, PortSettings
from embedded.stack import EmbeddedStack

ROOT = Path(__file__).parents[2]
ELSEWHERE = "redis://elsewhere.example:6379/0"


def embedded(state_dir: Path, *, ports: PortSettings | None = None) -> EmbeddedStack:
    """All three servers, whatever the environment of the tests says."""
    settings = EmbeddedSettings(
        state_dir=state_dir,
        database_url=None,
        broker_url=None,
        storage=None,
        embedded_ports=ports or PortSettings(),
    )
    return EmbeddedStack(settings)


class Clients:
    """What a program does with the servers it is told of."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.database_url = environment["CALLSCRIBE_DATABASE_URL"]
        self.broker_url = environment["CALLSCRIBE_BROKER_URL"]
        self.endpoint = environment["CALLSCRIBE_STORAGE__ENDPOINT_URL"]
        self.bucket = environment["CALLSCRIBE_STORAGE__BUCKET"]
        self.storage = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=environment["CALLSCRIBE_STORAGE__REGION"],
            aws_access_key_id=environment["CALLSCRIBE_STORAGE__ACCESS_KEY_ID"],
            aws_secret_access_key=environment["CALLSCRIBE_STORAGE__SECRET_ACCESS_KEY"],
        )

    def query(self, statement: str) -> str:
        with psycopg.connect(self.database_url) as connection:
            row = connection.execute(statement.encode()).fetchone()
        assert row is not None
        return str(row[0])

    def write_everywhere(self, word: str) -> None:
        with psycopg.connect(self.database_url) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS words (word text)")
            connection.execute("INSERT INTO words VALUES (%s)", [word])
        with redis.Redis.from_url(self.broker_url) as broker:
            broker.set("word", word)
        self.storage.put_object(Bucket=self.bucket, Key="word", Body=word.encode())

    def read_everywhere(self) -> set[str]:
        with redis.Redis.from_url(self.broker_url, decode_responses=True) as broker:
            in_broker = str(broker.get("word"))
        in_storage = self.storage.get_object(Bucket=self.bucket, Key="word")["Body"].read().decode()
        return {self.query("SELECT word FROM words"), in_broker, in_storage}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStack]:
    with embedded(tmp_path_factory.mktemp("state")) as stack:
        yield stack


@pytest.fixture(scope="module")
def clients(running: EmbeddedStack) -> Clients:
    return Clients(running.environment)


@contextmanager
def held_stack(state_dir: Path) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, str]]]:
    """A stack under a supervisor of its own, and where it serves."""
    command = [sys.executable, "-m", "tests.integration.hold_stack", str(state_dir)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        yield holder, json.loads(holder.stdout.readline())


def left_in_tmp(state_dir: Path) -> list[Path]:
    """Of the store; on another server's port an earlier store may have left its own."""
    book = json.loads((state_dir / "ports.json").read_text())
    ports = [port for name, port in book.items() if name.startswith("storage")]
    return [path for port in ports for path in Path("/tmp").glob(f"seaweedfs-*-{port}.sock")]  # noqa: S108


def processes(stack: EmbeddedStack) -> list[psutil.Process]:
    leaders = [psutil.Process(process.pid) for process in stack.supervisor.processes]
    return [process for leader in leaders for process in (leader, *leader.children(recursive=True))]


class TestServers:
    def test_postgres_does_not_lose_what_it_acknowledged(self, clients: Clients) -> None:
        assert clients.query("SHOW fsync") == "on"

    def test_postgres_sorts_alike_on_every_machine(self, clients: Clients) -> None:
        query = "SELECT datlocale FROM pg_database WHERE datname = current_database()"

        assert clients.query(query) == "C.UTF-8"

    def test_postgres_takes_its_password_only(self, clients: Clients) -> None:
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(clients.database_url, password="guess")

    def test_valkey_takes_its_password_only(self, clients: Clients) -> None:
        address = clients.broker_url.rpartition("@")[2]

        with redis.Redis.from_url(f"redis://{address}") as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()

    def test_valkey_never_drops_a_message_for_room(self, clients: Clients) -> None:
        with redis.Redis.from_url(clients.broker_url, decode_responses=True) as broker:
            assert broker.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}

    def test_storage_turns_strangers_away(self, clients: Clients) -> None:
        stranger = boto3.client(
            "s3",
            endpoint_url=clients.endpoint,
            region_name="us-east-1",
            config=Config(signature_version=UNSIGNED),
        )

        with pytest.raises(ClientError, match="AccessDenied"):
            stranger.list_objects_v2(Bucket=clients.bucket)

    def test_storage_cannot_be_read_past_its_keys(self, running: EmbeddedStack) -> None:
        ports = json.loads((running.state.path / "ports.json").read_text())
        filer = f"http://127.0.0.1:{ports['storage.filer.port']}/buckets/"

        with pytest.raises(urllib.error.HTTPError) as refusal:
            urllib.request.urlopen(filer)

        assert refusal.value.code == 401
        refusal.value.close()

    def test_listen_on_loopback_only(self, running: EmbeddedStack) -> None:
        sockets = [socket for process in processes(running) for socket in process.net_connections("inet")]

        addresses = {socket.laddr.ip for socket in sockets if socket.status == psutil.CONN_LISTEN}

        assert addresses == {"127.0.0.1"}

    def test_show_no_secret_on_a_command_line(self, running: EmbeddedStack) -> None:
        secrets = json.loads((running.state.path / "secrets.json").read_text()).values()

        commands = " ".join(word for process in processes(running) for word in process.cmdline())

        assert not [secret for secret in secrets if secret in commands]


class TestStateDirectory:
    def test_is_for_its_owner_only(self, running: EmbeddedStack) -> None:
        root = running.state.path

        open_to_others = [path.name for path in (root, *root.iterdir()) if path.stat().st_mode & 0o077]

        assert open_to_others == []

    def test_serves_one_supervisor_at_a_time(self, running: EmbeddedStack) -> None:
        with pytest.raises(Conflict, match="Another Callscribe"), embedded(running.state.path):
            pass


class TestRestart:
    def test_keeps_data_secrets_and_addresses(self, tmp_path: Path) -> None:
        with embedded(tmp_path) as first:
            Clients(first.environment).write_everywhere("kept")

        with embedded(tmp_path) as second:
            words = Clients(second.environment).read_everywhere()

        assert words == {"kept"}
        assert second.environment == first.environment

    def test_a_killed_supervisor_leaves_its_data_and_nothing_else(self, tmp_path: Path) -> None:
        with held_stack(tmp_path) as (holder, environment):
            Clients(environment).write_everywhere("kept")
            orphans = psutil.Process(holder.pid).children(recursive=True)

            holder.kill()

        _, alive = psutil.wait_procs(orphans, timeout=30)
        assert orphans
        assert alive == []
        with embedded(tmp_path) as stack:
            assert Clients(stack.environment).read_everywhere() == {"kept"}
        assert left_in_tmp(tmp_path) == []

    def test_the_next_start_waits_for_what_a_killed_one_left(self, tmp_path: Path) -> None:
        with held_stack(tmp_path) as (holder, environment):
            Clients(environment).write_everywhere("kept")
            holder.kill()

        with embedded(tmp_path) as stack:
            assert Clients(stack.environment).read_everywhere() == {"kept"}

    def test_a_pid_file_that_now_names_a_stranger_does_no_harm(self, tmp_path: Path) -> None:
        with embedded(tmp_path):
            pass
        pid_file = tmp_path / "postgres/data/postmaster.pid"
        pid_file.write_text("1\n")

        with embedded(tmp_path) as stack:
            assert Clients(stack.environment).query("SELECT 1") == "1"


class TestReplacement:
    def test_a_server_of_the_user_is_used_instead(self, tmp_path: Path) -> None:
        settings = EmbeddedSettings(
            state_dir=tmp_path,
            database_url=None,
            broker_url=SecretStr(ELSEWHERE),
            storage=StorageSettings(
                bucket="calls", secret_access_key=SecretStr("hush"), attempts=2, import_from=("s3://a/",)
            ),
        )

        with EmbeddedStack(settings) as stack:
            started = [process.name for process in stack.supervisor.processes]

        assert started == ["postgres"]
        assert stack.environment["CALLSCRIBE_BROKER_URL"] == ELSEWHERE
        assert stack.environment["CALLSCRIBE_STORAGE__BUCKET"] == "calls"
        assert stack.environment["CALLSCRIBE_STORAGE__SECRET_ACCESS_KEY"] == "hush"
        assert stack.environment["CALLSCRIBE_STORAGE__ATTEMPTS"] == "2"
        assert stack.environment["CALLSCRIBE_STORAGE__IMPORT_FROM"] == '["s3://a/"]'
        assert "CALLSCRIBE_STORAGE__ENDPOINT_URL" not in stack.environment

    def test_any_storage_setting_chooses_the_users_store(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CALLSCRIBE_STORAGE__BUCKET", "calls")

        settings = EmbeddedSettings(state_dir=tmp_path)

        assert settings.storage == StorageSettings(bucket="calls")


class TestPorts:
    def test_a_port_of_the_user_is_used(self, tmp_path: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]

        with embedded(tmp_path, ports=PortSettings(postgres=port)) as stack:
            url = stack.environment["CALLSCRIBE_DATABASE_URL"]

        assert f"@127.0.0.1:{port}/" in url

    def test_a_taken_port_is_named(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]

            with pytest.raises(Conflict, match=f"Port {port}"):
                embedded(tmp_path, ports=PortSettings(valkey=port)).__enter__()
