"""The Redis in which API processes count together: over TLS, as a user who can do nothing else there."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import redis
import trustme
from pydantic import SecretStr

from api.limits.rates import RateLimits
from tests.tls_front import TlsFront

PAGE: Final = (Path(__file__).parents[3] / "docs" / "hardening.md").read_text()
(ACCOUNT,) = re.findall(r"^ACL SETUSER (callscribe-limits .+)$", PAGE, re.MULTILINE)
PASSWORD: Final = "swordfish-of-the-count"


@pytest.fixture
def server(environment: dict[str, str]) -> Iterator[redis.Redis]:
    """With the user of docs/hardening.md."""
    with redis.Redis.from_url(environment["CALLSCRIBE_BROKER_URL"], decode_responses=True) as server:
        server.execute_command("ACL", "SETUSER", *ACCOUNT.replace("PASSWORD", PASSWORD).split())
        server.acl_log_reset()
        yield server
        server.acl_deluser("callscribe-limits")


@pytest.fixture
def front(server: redis.Redis, authority: trustme.CA) -> Iterator[TlsFront]:
    with TlsFront(authority, upstream=server.get_connection_kwargs()["port"]) as front:
        yield front


def url(front: TlsFront, ca_file: Path) -> SecretStr:
    return SecretStr(f"rediss://callscribe-limits:{PASSWORD}@localhost:{front.port}/0?ssl_ca_certs={ca_file}")


def test_counts_of_several_processes_are_one(server: redis.Redis, front: TlsFront, ca_file: Path) -> None:
    one, other = (RateLimits(2, url(front, ca_file)) for _ in range(2))
    key = uuid.uuid4().hex

    rates = [limits.take(key) for limits in (one, other, one)]

    assert [rate.is_exceeded for rate in rates if rate] == [False, False, True]
    assert {each["object"] for each in server.acl_log()} <= {"client"}


def test_its_user_can_do_nothing_else(server: redis.Redis, front: TlsFront, ca_file: Path) -> None:
    with redis.Redis.from_url(url(front, ca_file).get_secret_value()) as user:
        for command in (("LLEN", "callscribe:finish"), ("FLUSHALL",), ("KEYS", "*"), ("CONFIG", "GET", "*")):
            with pytest.raises(redis.exceptions.NoPermissionError):
                user.execute_command(*command)


def test_a_server_that_nobody_vouches_for_is_not_counted_with(
    front: TlsFront, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = tmp_path / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(str(stranger))

    assert RateLimits(2, url(front, stranger)).take(uuid.uuid4().hex) is not None

    assert "counting alone" in caplog.text
    assert PASSWORD not in caplog.text
