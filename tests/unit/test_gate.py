from __future__ import annotations

from contextlib import suppress

import pytest

from core.errors import NotFound, StorageUnavailable
from core.gate import PAUSE_S, SLOW_S, Gate


class Dependency:
    """Behind a gate, with a clock of its own."""

    def __init__(self) -> None:
        self.now = 100.0
        self.asked = 0
        self.gate = Gate(StorageUnavailable, clock=lambda: self.now)

    def ask(self, *, takes: float = 0.0, error: Exception | None = None) -> None:
        with self.gate.entered():
            self.asked += 1
            self.now += takes
            if error is not None:
                raise error

    def hang(self) -> None:
        with suppress(StorageUnavailable):
            self.ask(takes=SLOW_S, error=StorageUnavailable())

    def is_open(self) -> bool:
        before = self.asked
        with suppress(StorageUnavailable):
            self.ask()
        return self.asked > before


@pytest.fixture
def dependency() -> Dependency:
    return Dependency()


class TestGate:
    def test_lets_everybody_through_who_is_answered(self, dependency: Dependency) -> None:
        dependency.ask(takes=60)

        assert dependency.is_open()

    def test_turns_everybody_away_after_a_slow_failure(self, dependency: Dependency) -> None:
        dependency.hang()

        with pytest.raises(StorageUnavailable):
            dependency.ask()
        assert dependency.asked == 1

    def test_hands_the_failure_itself_on(self, dependency: Dependency) -> None:
        with pytest.raises(StorageUnavailable, match=r"^It hangs\.$"):
            dependency.ask(takes=SLOW_S, error=StorageUnavailable("It hangs."))

    def test_stays_open_after_a_quick_failure(self, dependency: Dependency) -> None:
        with suppress(StorageUnavailable):
            dependency.ask(takes=SLOW_S / 2, error=StorageUnavailable())

        assert dependency.is_open()

    def test_stays_open_after_a_slow_answer_of_another_kind(self, dependency: Dependency) -> None:
        with suppress(NotFound):
            dependency.ask(takes=SLOW_S, error=NotFound())

        assert dependency.is_open()

    def test_lets_one_ask_after_a_pause_while_others_are_turned_away(self, dependency: Dependency) -> None:
        dependency.hang()
        dependency.now += PAUSE_S

        with dependency.gate.entered():
            assert not dependency.is_open()
        assert dependency.is_open()

    def test_closes_again_when_that_one_fails_as_slowly(self, dependency: Dependency) -> None:
        dependency.hang()
        dependency.now += PAUSE_S
        dependency.hang()

        assert not dependency.is_open()
        dependency.now += PAUSE_S
        assert dependency.is_open()

    @pytest.mark.parametrize("error", [NotFound(), StorageUnavailable(), KeyError()])
    def test_opens_when_that_one_gets_any_answer_or_a_quick_failure(
        self, dependency: Dependency, error: Exception
    ) -> None:
        dependency.hang()
        dependency.now += PAUSE_S
        with suppress(NotFound, StorageUnavailable, KeyError):
            dependency.ask(error=error)

        assert dependency.is_open()
