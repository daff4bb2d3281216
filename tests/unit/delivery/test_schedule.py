from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from workers.delivery.schedule import asked_pause, pause_after
from workers.settings import DeliverySettings

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SCHEDULE = DeliverySettings().schedule


def asked(retry_after: str | None) -> float:
    return asked_pause(retry_after, now=NOW, limit=HOUR).total_seconds()


class TestSchedule:
    def test_is_that_of_standard_webhooks(self) -> None:
        pauses = [pause_after(SCHEDULE, tries, jitter=0.2, chance=0.5) for tries in range(1, 11)]

        hours = [pause.total_seconds() / 3600 for pause in pauses if pause is not None]
        assert hours == [5 / 3600, 5 / 60, 0.5, 2, 5, 10, 14, 20, 24]
        assert pauses[-1] is None

    @pytest.mark.parametrize(("chance", "minutes"), [(0.0, 4), (0.5, 5), (1.0, 6)])
    def test_is_spread_by_a_fifth(self, chance: float, minutes: int) -> None:
        assert pause_after(SCHEDULE, 2, jitter=0.2, chance=chance) == timedelta(minutes=minutes)


class TestRetryAfter:
    def test_counts_in_seconds(self) -> None:
        assert asked("120") == 120

    @pytest.mark.parametrize(
        ("moment", "seconds"),
        [
            ("Sun, 22 Nov 2026 12:01:30 GMT", 90),
            ("Sun, 22 Nov 2026 13:01:30 +0100", 90),
            ("Sun, 22 Nov 2026 12:01:30 -0000", 90),
            ("Sun, 22 Nov 2026 11:00:00 GMT", 0),
        ],
    )
    def test_names_a_moment(self, moment: str, seconds: int) -> None:
        assert asked(moment) == seconds

    @pytest.mark.parametrize("retry_after", ["999999999", "Sun, 22 Nov 2037 12:00:00 GMT"])
    def test_is_believed_within_reason(self, retry_after: str) -> None:
        assert asked(retry_after) == HOUR.total_seconds()

    @pytest.mark.parametrize(
        "retry_after", [None, "", "soon", "-5", "1.5", "1e9", "99999999999999999999", "١٢"]
    )
    def test_that_is_none_asks_for_nothing(self, retry_after: str | None) -> None:
        assert asked(retry_after) == 0
