"""Postgres over TLS: whoever asks for a proven server talks to no other, on any of its connections."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Final

import pytest
import trustme
from pydantic import SecretStr
from sqlalchemy import make_url, text

from core.database import JOBS_CHANNEL, engine_of, open_sessions
from core.database_address import warn_unless_verified
from core.errors import DatabaseUnavailable
from core.listening import notices
from core.logging import JsonLines
from embedded.settings import inherited_environment
from migrations.upgrade import upgrade
from tests.tls_front import PostgresTlsFront

REFUSALS: Final = {
    "another authority": "certificate verify failed",
    "another host": 'does not match host name "127.0.0.1"',
    "no TLS": "server does not support SSL",
}


@pytest.fixture(scope="module")
def front(authority: trustme.CA, database_url: SecretStr) -> Iterator[PostgresTlsFront]:
    upstream = make_url(database_url.get_secret_value()).port or 5432
    with PostgresTlsFront(authority, upstream=upstream) as front:
        yield front


@pytest.fixture
def over_tls(front: PostgresTlsFront, database_url: SecretStr, ca_file: Path) -> SecretStr:
    """As docs/hardening.md says to write it."""
    return changed(database_url, host="localhost", port=front.port, ca_file=ca_file)


@pytest.fixture(params=REFUSALS)
def refused(
    request: pytest.FixtureRequest,
    over_tls: SecretStr,
    database_url: SecretStr,
    ca_file: Path,
    tmp_path: Path,
) -> tuple[SecretStr, str]:
    """An address that must not be talked to, and what is said of it."""
    stranger = tmp_path / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(str(stranger))
    urls = {
        "another authority": changed(over_tls, ca_file=stranger),
        "another host": changed(over_tls, host="127.0.0.1", ca_file=ca_file),
        "no TLS": changed(database_url, ca_file=ca_file),
    }
    return urls[request.param], REFUSALS[request.param]


def changed(url: SecretStr, *, ca_file: Path, host: str | None = None, port: int | None = None) -> SecretStr:
    query = {"sslmode": "verify-full", "sslrootcert": str(ca_file)}
    new = make_url(url.get_secret_value()).set(host=host, port=port, query=query)
    return SecretStr(new.render_as_string(hide_password=False))


def password_of(url: SecretStr) -> str:
    return str(make_url(url.get_secret_value()).password)


def ours(caplog: pytest.LogCaptureFixture) -> list[dict[str, str]]:
    """Log lines as an operator sees them; not those of the front, which runs in this process too."""
    records = [record for record in caplog.records if record.name.startswith("core.")]
    return [json.loads(JsonLines().format(record)) for record in records]


class TestProvenServer:
    def test_is_asked_queries(self, over_tls: SecretStr) -> None:
        sessions = open_sessions(over_tls, process="tests")

        with sessions.begin() as session:
            connection = session.connection().connection.driver_connection
            assert connection is not None
            assert session.execute(text("SELECT 1")).scalar_one() == 1
            assert connection.pgconn.ssl_in_use

        engine_of(sessions).dispose()

    def test_is_listened_to(self, over_tls: SecretStr) -> None:
        stop = Event()

        with closing(notices(over_tls, JOBS_CHANNEL, process="tests", stop=stop)) as heard:  # type: ignore[type-var]
            assert next(heard) is None
            stop.set()

    def test_is_migrated(self, over_tls: SecretStr) -> None:
        upgrade(over_tls)


class TestUnprovenServer:
    def test_is_asked_nothing(self, refused: tuple[SecretStr, str], caplog: pytest.LogCaptureFixture) -> None:
        url, reason = refused
        sessions = open_sessions(url, process="tests")

        with pytest.raises(DatabaseUnavailable), sessions.begin() as session:
            session.execute(text("SELECT 1"))

        lines = ours(caplog)
        assert [reason in line["reason"] for line in lines] == [True]
        assert password_of(url) not in json.dumps(lines)

    def test_is_not_listened_to(
        self, refused: tuple[SecretStr, str], caplog: pytest.LogCaptureFixture
    ) -> None:
        url, reason = refused
        stop = Ended(looks=1)

        assert list(notices(url, JOBS_CHANNEL, process="tests", stop=stop)) == []

        lines = ours(caplog)
        assert [reason in line["reason"] for line in lines] == [True]

    def test_is_not_migrated_and_the_command_says_why(
        self, refused: tuple[SecretStr, str], environment: dict[str, str]
    ) -> None:
        url, reason = refused

        ended = subprocess.run(
            [sys.executable, "-m", "cli.main", "migrate"],
            env={**inherited_environment(), **environment, "CALLSCRIBE_DATABASE_URL": url.get_secret_value()},
            capture_output=True,
            text=True,
            check=False,
        )

        last = ended.stderr.splitlines()[-1]
        assert ended.returncode == 1
        assert last.startswith("callscribe: The database did not answer.")
        assert reason in last
        assert "Traceback" not in ended.stderr
        assert password_of(url) not in ended.stdout + ended.stderr


class Ended(Event):
    """Told to stop after so many looks."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self._looks = looks

    def is_set(self) -> bool:
        self._looks -= 1
        return self._looks < 0

    def wait(self, timeout: float | None = None) -> bool:
        return True


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("postgresql://u:hidden@db.example/calls", "prefer"),
        ("postgresql://u:hidden@db.example/calls?sslmode=require", "require"),
        ("postgresql://u:hidden@/calls?host=10.0.0.5:5432&host=localhost:5432", "prefer"),
        ("postgresql://u:hidden@db.example/calls?sslmode=verify-full", None),
        ("postgresql://u:hidden@db.example/calls?sslrootcert=system", None),
        ("postgresql://u:hidden@db.example/calls?sslmode=disable", None),
        ("postgresql://u:hidden@127.0.0.1/calls", None),
        ("postgresql://u:hidden@[::1]/calls", None),
        ("postgresql://u:hidden@localhost/calls", None),
        ("postgresql://u:hidden@/calls?host=/run/postgresql", None),
    ],
)
def test_a_way_that_can_be_read_along_is_warned_of(
    url: str, warned: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        warn_unless_verified(SecretStr(url))

    lines = ours(caplog)
    assert [line["sslmode"] for line in lines] == ([warned] if warned else [])
    assert "hidden" not in json.dumps(lines)


def test_other_options_of_the_url_reach_every_connection(database_url: SecretStr) -> None:
    url = make_url(database_url.get_secret_value()).update_query_dict({"options": "-c work_mem=7MB"})
    sessions = open_sessions(SecretStr(url.render_as_string(hide_password=False)), process="tests")

    with sessions.begin() as session:
        shown = [session.execute(text(f"SHOW {name}")).scalar_one() for name in ("work_mem", "lock_timeout")]

    assert shown == ["7MB", "5s"]
    engine_of(sessions).dispose()
