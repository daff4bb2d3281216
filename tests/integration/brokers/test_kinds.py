"""Whatever kind of broker it is: hints reach workers, a flush is noticed, Flower sees, no secret gets out."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import httpx
import pytest
from kombu.exceptions import OperationalError

from core.broker import check_server, create_app, was_emptied
from core.database import SessionFactory
from models import JobState
from tests import builders
from tests.acceptance.waiting import until
from tests.integration.brokers.conftest import FLOWER_PASSWORD, Site, access
from tests.integration.brokers.servers import FOREIGN, SECRETS, Broker, Brokers

KINDS: Final[dict[str, Callable[[Brokers], Broker]]] = {
    FOREIGN: partial(Brokers.plain, kind=FOREIGN),
    "accounts": partial(Brokers.with_accounts, kind="valkey"),
    "TLS": partial(Brokers.over_tls, kind=FOREIGN),
    "Sentinel": Brokers.sentinel,
}
QUESTIONS: Final = ("stats", "conf", "active_queues")


@pytest.fixture(scope="module")
def sites(brokers: Brokers, site_of: Callable[[str, Broker], Site]) -> Callable[[str], Site]:
    """Each is started when it is first asked for, and stays: the order of tests is random."""
    started: dict[str, Site] = {}

    def site(kind: str) -> Site:
        if kind not in started:
            started[kind] = site_of(kind.replace(" ", "-"), KINDS[kind](brokers))
        return started[kind]

    return site


@pytest.fixture(params=KINDS)
def site(request: pytest.FixtureRequest, sites: Callable[[str], Site]) -> Site:
    return sites(request.param)


def finishing_job(sessions: SessionFactory) -> uuid.UUID:
    with sessions.begin() as session:
        return builders.prepared_job(session, builders.owner(session), chunks=0).id


def completes(site: Site, sessions: SessionFactory, job_id: uuid.UUID) -> Callable[[], bool]:
    """Whether the worker has done it, after one more round of the dispatcher."""

    def done() -> bool:
        site.dispatcher.tick()
        return builders.state_of(sessions, job_id) is JobState.COMPLETED

    return done


def worker_of(site: Site) -> dict[str, object]:
    """What Flower knows of the only worker; asked anew."""
    answer = httpx.get(
        f"{site.flower_url}/api/workers",
        params={"refresh": 1},
        auth=("callscribe", FLOWER_PASSWORD),
        timeout=30,
    )
    workers: dict[str, dict[str, object]] = answer.json() if answer.is_success else {}
    return next(iter(workers.values()), {})


def flower_knows(site: Site) -> Callable[[], bool]:
    def known() -> bool:
        try:
            return set(QUESTIONS) <= set(worker_of(site))
        except httpx.TransportError:
            return False

    return known


class TestEveryKind:
    def test_carries_hints_to_a_worker(self, site: Site, sessions: SessionFactory) -> None:
        job_id = finishing_job(sessions)

        until(completes(site, sessions, job_id))

    def test_tells_when_it_was_emptied(self, site: Site, sessions: SessionFactory) -> None:
        check_server(site.app)
        was_emptied(site.app)
        before = was_emptied(site.app)

        site.broker.server.flushall()

        assert (before, was_emptied(site.app), was_emptied(site.app)) == (False, True, False)

    def test_carries_hints_after_a_flush_as_before(self, site: Site, sessions: SessionFactory) -> None:
        until(completes(site, sessions, finishing_job(sessions)))
        site.broker.server.flushall()
        job_id = finishing_job(sessions)

        until(completes(site, sessions, job_id))

    def test_is_shown_by_flower(self, site: Site, sessions: SessionFactory) -> None:
        until(flower_knows(site))

        answer = httpx.get(
            f"{site.flower_url}/api/queues/length", auth=("callscribe", FLOWER_PASSWORD), timeout=30
        )

        assert answer.json() == {"active_queues": [{"name": "finish", "messages": 0}]}

    def test_is_kept_secret(self, site: Site, directory: Path) -> None:
        until(flower_knows(site))

        told = json.dumps(worker_of(site))
        logs = "".join(log.read_text() for log in (directory / "logs").iterdir())

        assert [secret for secret in SECRETS if secret in told + logs] == []
        assert "transport" in told

    def test_forbids_its_users_nothing_that_they_need(self, site: Site, sessions: SessionFactory) -> None:
        until(completes(site, sessions, finishing_job(sessions)))
        until(flower_knows(site))

        forbidden = {(each["username"], each["object"]) for each in site.broker.server.acl_log()}

        # The library asks each server for notices of maintenance, and can do without them.
        assert {(user, what) for user, what in forbidden if what != "client"} == set()


class TestTls:
    def test_a_server_that_nobody_vouches_for_is_told_nothing(self, sites: Callable[[str], Site]) -> None:
        trusting = sites("TLS").broker.of("worker")
        del trusting["CALLSCRIBE_BROKER__CA_FILE"]

        with create_app(access(trusting)) as app, pytest.raises(OperationalError, match="CERTIFICATE_VERIFY"):
            check_server(app)


class TestSentinel:
    def test_hints_go_on_when_master_and_a_sentinel_die(
        self, brokers: Brokers, sites: Callable[[str], Site], sessions: SessionFactory
    ) -> None:
        site = sites("Sentinel")
        lost = site.broker.nodes.values()
        until(completes(site, sessions, finishing_job(sessions)))
        job_id = finishing_job(sessions)

        for node in lost:
            node.process.kill()

        until(completes(site, sessions, job_id))
        for node in lost:
            brokers.start_again(node)
