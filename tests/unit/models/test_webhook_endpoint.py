"""How an endpoint is judged by what it did: pauses, room, days of failure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models import WebhookEndpoint
from models.webhook_endpoint import FAILURES_BEFORE_PAUSE, FIRST_PAUSE, LONGEST_PAUSE, DisabledReason

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DAYS = timedelta(days=2)
SECOND = timedelta(seconds=1)


@pytest.fixture
def endpoint() -> WebhookEndpoint:
    return WebhookEndpoint(concurrency=4, failures=0)


def fail(endpoint: WebhookEndpoint, count: int, *, at: datetime = NOW) -> None:
    for _ in range(count):
        endpoint.fail(at=at, forgotten_after=DAYS)


class TestRoom:
    def test_is_what_its_concurrency_leaves(self, endpoint: WebhookEndpoint) -> None:
        assert [endpoint.room(leased=leased, now=NOW) for leased in (0, 3, 4)] == [4, 1, 0]

    def test_is_for_one_after_a_failure(self, endpoint: WebhookEndpoint) -> None:
        fail(endpoint, 1)

        assert [endpoint.room(leased=leased, now=NOW) for leased in (0, 1)] == [1, 0]

    def test_is_whole_again_after_a_success(self, endpoint: WebhookEndpoint) -> None:
        fail(endpoint, FAILURES_BEFORE_PAUSE)
        later = NOW + FIRST_PAUSE

        assert endpoint.room(leased=0, now=later) == 1
        endpoint.succeed(at=later)
        assert endpoint.room(leased=0, now=later) == 4

    def test_is_none_while_it_is_disabled(self, endpoint: WebhookEndpoint) -> None:
        endpoint.disable(DisabledReason.OWNER, at=NOW)

        assert endpoint.room(leased=0, now=NOW) == 0


class TestPause:
    def test_comes_with_the_fifth_failure_in_a_row(self, endpoint: WebhookEndpoint) -> None:
        fail(endpoint, FAILURES_BEFORE_PAUSE - 1)
        before = endpoint.room(leased=0, now=NOW)
        fail(endpoint, 1)

        assert (before, endpoint.paused_until) == (1, NOW + FIRST_PAUSE)
        assert endpoint.room(leased=0, now=NOW + FIRST_PAUSE - SECOND) == 0

    def test_does_not_come_when_successes_are_in_between(self, endpoint: WebhookEndpoint) -> None:
        for _ in range(3):
            fail(endpoint, FAILURES_BEFORE_PAUSE - 1)
            endpoint.succeed(at=NOW)

        assert endpoint.paused_until is None

    def test_doubles_up_to_a_limit(self, endpoint: WebhookEndpoint) -> None:
        fail(endpoint, FAILURES_BEFORE_PAUSE - 1)
        pauses, now = [], NOW

        for _ in range(6):
            fail(endpoint, 1, at=now)
            assert endpoint.paused_until is not None
            pauses.append((endpoint.paused_until - now).total_seconds())
            now = endpoint.paused_until

        assert pauses == [30, 60, 120, 240, 300, 300]
        assert LONGEST_PAUSE.total_seconds() == 300

    def test_is_not_made_longer_by_what_was_sent_before_it(self, endpoint: WebhookEndpoint) -> None:
        fail(endpoint, FAILURES_BEFORE_PAUSE + 10)
        assert endpoint.paused_until == NOW + FIRST_PAUSE

        fail(endpoint, 1, at=NOW + FIRST_PAUSE)

        assert endpoint.paused_until == NOW + 3 * FIRST_PAUSE

    def test_is_not_ended_by_what_was_sent_before_it(self, endpoint: WebhookEndpoint) -> None:
        endpoint.pause(until=NOW + SECOND)

        endpoint.succeed(at=NOW)

        assert endpoint.room(leased=0, now=NOW) == 0
        assert endpoint.room(leased=0, now=NOW + SECOND) == 4

    def test_that_is_asked_for_does_not_shorten_another(self, endpoint: WebhookEndpoint) -> None:
        endpoint.pause(until=NOW + 9 * SECOND)
        endpoint.pause(until=NOW + SECOND)

        assert endpoint.paused_until == NOW + 9 * SECOND


class TestDaysOfFailure:
    def test_are_counted_from_the_first_failure(self, endpoint: WebhookEndpoint) -> None:
        for day in range(5):
            fail(endpoint, 1, at=NOW + timedelta(days=day))

        assert endpoint.fails_for(at=NOW + timedelta(days=5)) == timedelta(days=5)

    def test_end_with_a_success(self, endpoint: WebhookEndpoint) -> None:
        fail(endpoint, 1)
        endpoint.succeed(at=NOW + SECOND)
        fail(endpoint, 1, at=NOW + DAYS)

        assert endpoint.fails_for(at=NOW + DAYS) == timedelta(0)

    def test_begin_anew_when_nothing_was_tried_for_long(self, endpoint: WebhookEndpoint) -> None:
        """A week without events is not a week of failure."""
        fail(endpoint, 1)
        fail(endpoint, 1, at=NOW + timedelta(days=7))

        assert endpoint.fails_for(at=NOW + timedelta(days=7)) == timedelta(0)
