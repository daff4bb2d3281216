"""One engine from its loading to its end, as its worker sees it."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Final, Self

from core.errors import EngineBroken, EngineOverloaded
from workers.engine_process.hosts import Host, Load
from workers.engine_process.messages import Add, Cancel, Close, Ended, Forgotten, Furnished, Placed, Traits
from workers.engine_process.pace import Pace
from workers.engine_process.shelf import PLACE_SAMPLES, Shelf, nameless_file
from workers.engines.base import Chunk, Outcome

LOAD_WITHIN_S: Final = 900.0
"""A large model from a slow disk, and its graphs."""
BATCHES_ON_SHELF: Final = 2
"""Places for the device batch that is heard and for the one that is read."""

Inbox = SimpleQueue[Outcome | None]
"""Where the outcomes of one device batch arrive; None when the engine has ended."""


class Life:
    """Thread-safe. Once the engine has ended everything raises `EngineBroken`."""

    def __init__(self, host: Host, connection: Connection, file: int) -> None:
        """Blocks until the engine is loaded; `EngineBroken` if it could not be."""
        self._host = host
        self._connection = connection
        self.traits = self._first_words()
        places = BATCHES_ON_SHELF * self.traits.max_batch_chunks
        self._shelf = Shelf(file, places=places)
        self._connection.send(Furnished(places))
        self.pace = Pace(slots=self.traits.slots)
        self.has_heard = False
        """Whether any chunk was heard in it."""
        self._free = list(range(places))
        self._held: dict[int, tuple[int, Inbox]] = {}
        """Place and inbox of each chunk whose samples the engine may still read."""
        self._keys = 0
        self._over = False
        self._changed = threading.Condition()
        self._sending = threading.Lock()

    @classmethod
    def begin(cls, host: Host, load: Load) -> Self:
        ours, theirs = Pipe()
        file = nameless_file()
        try:
            host.start(load, theirs, file)
            return cls(host, ours, file)
        except BaseException:
            ours.close()
            raise
        finally:
            os.close(file)

    @property
    def progress(self) -> int:
        return self._shelf.progress

    def add(self, chunks: Sequence[Chunk], inbox: Inbox) -> list[int]:
        """The keys of these chunks, which the engine gets all at once; waits for places on the shelf.

        One that is longer than any model's window gets its outcome here.
        """
        keys = self._next_keys(len(chunks))
        fitting = {
            key: chunk for key, chunk in zip(keys, chunks, strict=True) if len(chunk.samples) <= PLACE_SAMPLES
        }
        for key in keys:
            if key not in fitting:
                inbox.put(Outcome(key, EngineOverloaded()))
        places = dict(zip(fitting, self._take_places(len(fitting)), strict=True))
        for key, chunk in fitting.items():
            self._shelf.samples(places[key], len(chunk.samples))[:] = chunk.samples
        with self._changed:
            self._refuse_if_over()
            for key, chunk in fitting.items():
                self._held[key] = (places[key], inbox)
                self.pace.add(key, chunk.seconds)
        self._send(
            Add(
                tuple(
                    Placed(key, places[key], len(chunk.samples), chunk.language)
                    for key, chunk in fitting.items()
                )
            )
        )
        return keys

    def cancel(self, keys: Sequence[int]) -> None:
        """No outcome of these is wanted any more; harmless after the end."""
        with self._changed:
            inside = tuple(key for key in keys if key in self._held)
            for key in inside:
                place, _ = self._held[key]
                self._held[key] = (place, SimpleQueue())
            self.pace.drop(inside)
        if inside:
            self._tell(Cancel(inside))

    def until_room(self) -> float:
        """Seconds until the engine could begin with another chunk."""
        with self._changed:
            return self.pace.until_room()

    def holds_any(self, keys: Collection[int]) -> bool:
        with self._changed:
            return not self._held.keys().isdisjoint(keys)

    @property
    def is_empty(self) -> bool:
        with self._changed:
            return not self._held

    def listen(self) -> bool:
        """Deliver the engine's next words; false after its last, when every inbox knows."""
        try:
            message = self._connection.recv()
        except (EOFError, OSError):
            self._finish()
            return False
        match message:
            case Ended(outcomes):
                self._deliver(outcomes)
            case Traits():
                self.traits = message
            case Forgotten(keys):
                with self._changed:
                    self._clear(keys)
        return True

    def kill(self) -> None:
        self._host.kill()

    def close(self) -> None:
        """Ask it to end; what is inside is lost."""
        self._tell(Close())

    def end(self) -> int | None:
        """Wait for that; the exit status."""
        status = self._host.end()
        self._connection.close()
        return status

    def _first_words(self) -> Traits:
        try:
            words = self._connection.recv() if self._connection.poll(LOAD_WITHIN_S) else None
        except (EOFError, OSError):
            words = None
        if not isinstance(words, Traits):
            self._host.kill()
            self._host.end()
            raise EngineBroken("The engine could not be loaded.")
        return words

    def _take_places(self, count: int) -> list[int]:
        with self._changed:
            self._changed.wait_for(lambda: self._over or len(self._free) >= count)
            self._refuse_if_over()
            return [self._free.pop() for _ in range(count)]

    def _next_keys(self, count: int) -> list[int]:
        with self._changed:
            first = self._keys
            self._keys += count
        return list(range(first, first + count))

    def _send(self, message: object) -> None:
        try:
            with self._sending:
                self._connection.send(message)
        except OSError as error:
            raise EngineBroken from error

    def _tell(self, message: object) -> None:
        """What an engine that has ended need not hear."""
        with suppress(EngineBroken):
            self._send(message)

    def _deliver(self, outcomes: Sequence[Outcome]) -> None:
        with self._changed:
            self.has_heard = True
            self.pace.end(outcome.key for outcome in outcomes)
            inboxes = self._clear([outcome.key for outcome in outcomes])
        for outcome in outcomes:
            if outcome.key in inboxes:
                inboxes[outcome.key].put(outcome)

    def _clear(self, keys: Sequence[int]) -> Mapping[int, Inbox]:
        """Their places are free again; where their outcomes are wanted."""
        cleared = {key: self._held.pop(key) for key in keys if key in self._held}
        self._free += [place for place, _ in cleared.values()]
        self._changed.notify_all()
        return {key: inbox for key, (_, inbox) in cleared.items()}

    def _finish(self) -> None:
        with self._changed:
            self._over = True
            for _, inbox in self._held.values():
                inbox.put(None)
            self._held.clear()
            self._changed.notify_all()

    def _refuse_if_over(self) -> None:
        if self._over:
            raise EngineBroken
