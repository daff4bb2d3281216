"""How many requests a key may make."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from api.limits.rates import TRY_AGAIN_S, RateLimits
from chaos.proxy import LOOPBACK, FaultProxy
from core.database import SessionFactory
from tests.integration.api.conftest import OWNER, ClientFactory, issue_key, resources_of


class TestRequests:
    def test_of_a_key_are_limited(self, client_with: ClientFactory) -> None:
        client = client_with(rate_limit=3)

        statuses = [client.get("/v1/models").status_code for _ in range(4)]
        refused = client.get("/v1/models")

        assert statuses == [200, 200, 200, 429]
        assert refused.json()["code"] == "rate_limited"
        assert 1 <= int(refused.headers["Retry-After"]) <= 60

    def test_are_told_what_is_left(self, client_with: ClientFactory) -> None:
        client = client_with(rate_limit=2)

        told = [client.get("/v1/models").headers for _ in range(3)]

        assert [headers["RateLimit-Policy"] for headers in told] == ['"key";q=2;w=60'] * 3
        left = [re.fullmatch(r'"key";r=(\d);t=(\d+)', headers["RateLimit"]) for headers in told]
        assert [found[1] for found in left if found] == ["1", "0", "0"]
        assert ["Retry-After" in headers for headers in told] == [False, False, True]

    def test_of_other_keys_do_not_count(self, client_with: ClientFactory, sessions: SessionFactory) -> None:
        client = client_with(rate_limit=1)
        other = {"Authorization": f"Bearer {issue_key(sessions, OWNER)}"}

        client.get("/v1/models")

        assert client.get("/v1/models", headers=other).status_code == 200

    def test_of_strangers_under_its_name_do_not_count(self, client_with: ClientFactory, key: str) -> None:
        client = client_with(rate_limit=1)
        forged = {"Authorization": f"Bearer {key[:-1]}{'a' if key[-1] != 'a' else 'b'}"}

        assert [client.get("/v1/models", headers=forged).status_code for _ in range(3)] == [401] * 3
        assert client.get("/v1/models").status_code == 200

    def test_are_not_limited_where_that_is_wanted(self, client_with: ClientFactory) -> None:
        answer = client_with(rate_limit=0).get("/v1/models")

        assert (answer.status_code, "RateLimit" in answer.headers) == (200, False)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class TestSharedCount:
    @pytest.fixture
    def url(self, environment: dict[str, str]) -> SecretStr:
        return SecretStr(environment["CALLSCRIBE_BROKER_URL"])

    @pytest.fixture
    def proxy(self, url: SecretStr) -> Iterator[FaultProxy]:
        port = int(url.get_secret_value().rpartition(":")[2].partition("/")[0])
        with FaultProxy(port) as proxy:
            yield proxy

    def through(self, proxy: FaultProxy, url: SecretStr) -> SecretStr:
        address = re.sub(r"@[^/]+", f"@{LOOPBACK}:{proxy.port}", url.get_secret_value())
        return SecretStr(address)

    def test_is_of_all_processes(self, url: SecretStr, key: str) -> None:
        one, other = RateLimits(2, url), RateLimits(2, url)

        rates = [limits.take(key) for limits in (one, other, one)]

        assert [rate.is_exceeded for rate in rates if rate] == [False, False, True]

    def test_goes_on_alone_while_redis_is_away_and_together_afterwards(
        self, proxy: FaultProxy, url: SecretStr, key: str
    ) -> None:
        clock = Clock()
        limits = RateLimits(2, self.through(proxy, url), clock=clock)
        other = RateLimits(2, url)
        limits.take(key)

        proxy.refuse()
        proxy.cut()
        alone = [limits.take(key) for _ in range(3)]
        proxy.heal()
        clock.now += TRY_AGAIN_S
        together = [limits.take(key), other.take(key)]

        assert [rate.is_exceeded for rate in alone if rate] == [False, False, True]
        assert [rate.is_exceeded for rate in together if rate] == [False, True]


def test_the_running_api_has_them(client: TestClient) -> None:
    assert resources_of(client).rate_limits.take("somebody") is not None
