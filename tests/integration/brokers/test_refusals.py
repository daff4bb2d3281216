"""What processes say of a broker that is of no use, and of one that is not there yet."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import pytest
from celery import Celery

from core.broker import await_server, check_server, create_app
from core.database import SessionFactory
from core.errors import BrokerRefused
from tests.acceptance.waiting import until
from tests.integration.brokers.conftest import Programs, access
from tests.integration.brokers.servers import SECRETS, Broker, Brokers

ROLES: Final = {
    "dispatcher": ("dispatcher",),
    "worker": ("worker", "--queue=prepare,finish"),
    "transcribe-worker": ("worker", "--queue=transcribe", "--model=scripted"),
    "flower": ("flower", "--port=0"),
}
START_S: Final = 60.0


def with_a_wrong_password(brokers: Brokers) -> Broker:
    broker = brokers.with_accounts("valkey")
    right = broker.environment["CALLSCRIBE_BROKER_URL"]
    return Broker({"CALLSCRIBE_BROKER_URL": right.replace("@", "-no@")}, broker.server)


UNFIT: Final[dict[str, tuple[Callable[[Brokers], Broker], str]]] = {
    "cluster": (Brokers.cluster, "Redis Cluster cannot be the broker: it spreads keys over nodes"),
    "wrong password": (with_a_wrong_password, "The broker does not accept this user and password."),
}


class TestUnfit:
    @pytest.mark.parametrize(("start", "reason"), UNFIT.values(), ids=UNFIT)
    def test_is_refused_by_every_process_with_the_reason(
        self,
        brokers: Brokers,
        programs: Programs,
        sessions: SessionFactory,
        start: Callable[[Brokers], Broker],
        reason: str,
    ) -> None:
        broker = start(brokers)
        started = [
            programs.start(f"{reason[:5]}-{role}", *arguments, broker=broker.of("worker"))
            for role, arguments in ROLES.items()
        ]

        ended = {each.name: each.wait(START_S) for each in started}

        said = "".join(each.log_tail() for each in started)
        assert set(ended.values()) == {1}
        assert said.count(f"callscribe: {reason}") == len(ROLES)
        assert "Traceback" not in said
        assert not any(secret in said for secret in SECRETS)


class TestRights:
    def test_one_that_is_missing_is_named(self, brokers: Brokers) -> None:
        broker = brokers.with_accounts("valkey", name="without-info")
        broker.server.execute_command("ACL", "SETUSER", "callscribe-worker", "-info")

        with pytest.raises(BrokerRefused, match="'info'"):
            check_server(create_app(access(broker.of("worker"))))


class TestAway:
    def test_a_broker_that_is_not_there_yet_is_waited_for(
        self, brokers: Brokers, caplog: pytest.LogCaptureFixture
    ) -> None:
        broker = brokers.plain("valkey")
        broker.nodes["server"].process.kill()
        with create_app(access(broker.environment)) as app:
            waiting = awaiting(app)
            until(lambda: bool(caplog.records))

            brokers.start_again(broker.nodes["server"])

            waiting.join()
        assert {record.getMessage() for record in caplog.records} == {"broker away"}
        assert not any(secret in str(vars(record)) for record in caplog.records for secret in SECRETS)


def awaiting(app: Celery) -> threading.Thread:
    thread = threading.Thread(target=await_server, args=(app,), name="awaiting")
    thread.start()
    return thread
