from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client import Patience
from client.patience import seconds_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class TestRetryAfter:
    def test_is_read_in_both_its_forms(self) -> None:
        date = format_datetime(NOW + timedelta(seconds=90), usegmt=True)

        assert seconds_of("90", now=NOW) == seconds_of(date, now=NOW) == 90

    def test_takes_a_date_without_a_zone_for_utc(self) -> None:
        assert seconds_of("Sun, 22 Nov 2026 12:01:00 -0000", now=NOW) == 60

    @pytest.mark.parametrize("text", [None, "", "soon", "-5", "٣", "1e9", "Sun, 22 Nov 2026 11:00:00 GMT"])
    def test_that_is_nonsense_or_over_asks_for_nothing(self, text: str | None) -> None:
        assert seconds_of(text, now=NOW) == 0

    @given(st.text())
    def test_never_fails_whatever_a_server_writes(self, text: str) -> None:
        assert seconds_of(text, now=NOW) >= 0


class TestPatience:
    @given(st.floats(0, 100), st.integers(0, 10**9))
    def test_waits_as_long_as_either_wants_within_reason(self, own: float, asked: int) -> None:
        patience = Patience(longest=60)

        waited = patience.before_next(own, str(asked))

        assert waited == max(own, min(asked, 60))

    def test_outlasts_a_restart(self) -> None:
        assert sum(Patience().pauses) >= 60
