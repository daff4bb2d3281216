"""A lease is renewed while work moves on, and only then."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from core.errors import DatabaseUnavailable, LeaseLost
from workers.heartbeat import Heartbeat

INSTANT = timedelta(milliseconds=1)
NEVER = timedelta(hours=1)
PATIENCE_S = 30.0


class Renewals:
    """Counts calls and lets a test wait for the next."""

    def __init__(self, *errors: type[Exception]) -> None:
        self.errors = list(errors)
        self.done = threading.Semaphore(0)

    def __call__(self) -> None:
        self.done.release()
        if self.errors:
            raise self.errors.pop(0)

    def wait_for(self, count: int) -> bool:
        return all(self.done.acquire(timeout=PATIENCE_S) for _ in range(count))


def heartbeat(
    renew: Callable[[], None],
    *,
    stall_after: timedelta = NEVER,
    on_stall: Callable[[], None] = lambda: None,
) -> Heartbeat:
    return Heartbeat(renew, every=INSTANT, stall_after=stall_after, on_stall=on_stall)


class TestHeartbeat:
    def test_renews_again_and_again(self) -> None:
        renewals = Renewals()

        with heartbeat(renewals):
            renewed = renewals.wait_for(3)

        assert renewed

    def test_outlives_a_database_that_is_away(self) -> None:
        renewals = Renewals(DatabaseUnavailable, DatabaseUnavailable)

        with heartbeat(renewals) as held:
            renewed = renewals.wait_for(3)
            held.beat()

        assert renewed

    def test_tells_the_work_that_its_lease_is_lost(self) -> None:
        renewals = Renewals(LeaseLost)

        with heartbeat(renewals) as held:
            held._thread.join(PATIENCE_S)
            with pytest.raises(LeaseLost):
                held.beat()

    def test_ends_the_process_of_work_that_stands_still(self) -> None:
        stalled = threading.Event()
        renewals = Renewals()

        with heartbeat(renewals, stall_after=timedelta(0), on_stall=stalled.set):
            noticed = stalled.wait(PATIENCE_S)

        assert noticed
        assert not renewals.done.acquire(blocking=False)

    def test_stops_with_the_work(self) -> None:
        with heartbeat(Renewals()) as held:
            pass

        assert not held._thread.is_alive()
