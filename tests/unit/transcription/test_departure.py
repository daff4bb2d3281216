"""What signals do to a transcribe worker, in this process."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

import pytest
from celery.worker import state

from workers.transcription.departure import Departure

PATIENCE_S: Final = 10.0
AT_ONCE: Final = timedelta(0)
NEVER: Final = timedelta(days=1)


class Doors:
    """A device that only notes what it is told."""

    def __init__(self) -> None:
        self.drained = threading.Event()
        self.abandoned = threading.Event()
        self.given_up = threading.Event()

    def drain(self) -> None:
        self.drained.set()

    def abandon(self) -> None:
        self.abandoned.set()


@pytest.fixture
def doors() -> Doors:
    return Doors()


@pytest.fixture
def installed(doors: Doors) -> Iterator[Callable[[timedelta, timedelta], None]]:
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGQUIT)}

    def install(grace: timedelta, give_back: timedelta) -> None:
        Departure(doors, grace=grace, give_back=give_back, give_up=doors.given_up.set).install()

    yield install
    for number, handler in before.items():
        signal.signal(number, handler)
    state.should_stop = None


Install = Callable[[timedelta, timedelta], None]


class TestInterrupt:
    def test_the_first_lets_what_runs_end(self, doors: Doors, installed: Install) -> None:
        installed(AT_ONCE, NEVER)

        signal.raise_signal(signal.SIGINT)

        assert doors.drained.is_set()
        assert state.should_stop == 0
        assert not doors.abandoned.wait(0.1)

    def test_the_second_is_as_sigquit(self, doors: Doors, installed: Install) -> None:
        installed(AT_ONCE, NEVER)

        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

        assert doors.abandoned.wait(PATIENCE_S)


class TestQuit:
    def test_begins_nothing_more_and_gives_back_what_runs_too_long(
        self, doors: Doors, installed: Install
    ) -> None:
        installed(AT_ONCE, NEVER)

        signal.raise_signal(signal.SIGQUIT)

        assert doors.drained.is_set()
        assert state.should_stop == 0
        assert doors.abandoned.wait(PATIENCE_S)
        assert not doors.given_up.is_set()

    def test_leaves_it_its_time(self, doors: Doors, installed: Install) -> None:
        installed(NEVER, AT_ONCE)

        signal.raise_signal(signal.SIGQUIT)

        assert not doors.abandoned.wait(0.1)

    def test_gives_up_when_it_cannot_be_given_back(self, doors: Doors, installed: Install) -> None:
        installed(AT_ONCE, AT_ONCE)

        signal.raise_signal(signal.SIGQUIT)

        assert doors.given_up.wait(PATIENCE_S)
