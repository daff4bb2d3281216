"""Late binding: nothing is claimed before the device has nearly room for it."""

from __future__ import annotations

import threading
from math import inf

import pytest

from workers.transcription.admission import Admission, Turn

PATIENCE_S = 30.0


class Room:
    """Seconds until the engine has room, as the test says."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.fixture
def admission(room: Room) -> Admission:
    return Admission(room)


class Comer:
    """A device batch that wants in, in a thread of its own."""

    def __init__(self, admission: Admission) -> None:
        self.turn: Turn | None = None
        self._admission = admission
        self._came = threading.Event()
        self._may_go = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def is_in(self) -> bool:
        return self._came.wait(PATIENCE_S)

    def still_waits(self) -> bool:
        """After a few looks of its own."""
        return not self._came.wait(0.2)

    def go(self) -> None:
        self._may_go.set()
        self._thread.join()

    def _run(self) -> None:
        with self._admission.turn() as self.turn:
            self._came.set()
            self._may_go.wait(PATIENCE_S)


class TestTurn:
    def test_an_idle_engine_lets_in_at_once(self, admission: Admission) -> None:
        comer = Comer(admission)

        assert comer.is_in()
        comer.go()

    def test_only_one_comes_in_at_a_time(self, admission: Admission) -> None:
        first = Comer(admission)
        assert first.is_in()

        second = Comer(admission)
        assert second.still_waits()
        first.go()

        assert second.is_in()
        second.go()

    def test_the_next_comes_in_before_the_one_that_is_fed_has_ended(self, admission: Admission) -> None:
        first = Comer(admission)
        assert first.is_in()
        assert first.turn is not None

        first.turn.let_next_in()
        second = Comer(admission)

        assert second.is_in()
        second.go()
        first.go()

    def test_waits_while_the_engine_has_work_for_longer_than_reading_takes(
        self, admission: Admission, room: Room
    ) -> None:
        admission.remember(0.5)
        room.seconds = 0.6

        comer = Comer(admission)
        assert comer.still_waits()
        room.seconds = 0.4

        assert comer.is_in()
        comer.go()

    def test_the_slowest_of_the_last_ways_in_counts(self, admission: Admission, room: Room) -> None:
        room.seconds = 0.6

        for seconds in (0.7, 0.1, 0.1):
            admission.remember(seconds)
        with_a_slow_one = admission.welcome
        for _ in range(5):
            admission.remember(0.1)

        assert (with_a_slow_one, admission.welcome) == (1, 0)

    def test_nobody_comes_in_while_there_is_no_engine(self, admission: Admission, room: Room) -> None:
        admission.remember(1000.0)
        room.seconds = inf

        comer = Comer(admission)
        assert comer.still_waits()
        room.seconds = 0.0
        admission.look_again()

        assert comer.is_in()
        comer.go()


class TestWelcome:
    def test_an_idle_device_has_use_for_one_hint(self, admission: Admission) -> None:
        assert admission.welcome == 1

    def test_a_busy_one_for_none_beyond_those_that_run(self, admission: Admission, room: Room) -> None:
        comer = Comer(admission)
        assert comer.is_in()
        assert comer.turn is not None
        comer.turn.let_next_in()

        room.seconds = inf
        while_busy = admission.welcome
        room.seconds = 0.0
        while_nearly_free = admission.welcome
        comer.go()

        assert (while_busy, while_nearly_free) == (1, 2)

    def test_one_that_waits_already_is_enough(self, admission: Admission) -> None:
        first, second = Comer(admission), Comer(admission)
        assert first.is_in() or second.is_in()

        assert admission.welcome == 2
        admission.drain()
        first.go()
        second.go()


class TestDrain:
    def test_lets_nobody_in_any_more(self, admission: Admission) -> None:
        admission.drain()

        with admission.turn() as turn:
            assert turn is None

    def test_sends_away_who_waits(self, admission: Admission, room: Room) -> None:
        room.seconds = inf
        comer = Comer(admission)

        admission.drain()

        assert comer.is_in()
        assert comer.turn is None
        comer.go()
