"""Transactions are repeated while the database is away."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import DatabaseUnavailable, LeaseLost
from workers.patience import until_database_answers


class Flaky:
    def __init__(self, *errors: type[Exception]) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


class TestUntilDatabaseAnswers:
    def test_repeats_until_it_is_known_to_have_happened(self) -> None:
        action = Flaky(DatabaseUnavailable, DatabaseUnavailable)

        result = until_database_answers(action, within=timedelta(minutes=1))

        assert (result, action.calls) == ("done", 3)

    def test_gives_up_when_the_lease_is_over(self) -> None:
        action = Flaky(DatabaseUnavailable)

        with pytest.raises(DatabaseUnavailable):
            until_database_answers(action, within=timedelta(0))

        assert action.calls == 1

    def test_does_not_repeat_what_was_refused(self) -> None:
        action = Flaky(LeaseLost)

        with pytest.raises(LeaseLost):
            until_database_answers(action, within=timedelta(minutes=1))

        assert action.calls == 1
