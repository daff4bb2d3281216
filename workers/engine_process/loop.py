"""The engine's side: add, step, tell, and nothing else."""

from __future__ import annotations

import select
from multiprocessing.connection import Connection

from workers.engine_process.messages import Add, Cancel, Close, Ended, Forgotten, Furnished, Placed, Traits
from workers.engine_process.shelf import Shelf
from workers.engines.base import Chunk, ContinuousEngine


def serve(engine: ContinuousEngine, connection: Connection, file: int) -> None:
    """Decode what comes over the connection, until told to stop or nobody is at its other end."""
    try:
        traits = Traits.of(engine)
        connection.send(traits)
        furnished = connection.recv()
        if isinstance(furnished, Furnished):
            EngineLoop(engine, connection, Shelf(file, places=furnished.places), traits).run()
    except (EOFError, ConnectionError):
        return


class EngineLoop:
    """One thread. A look for messages between two steps costs a microsecond, and there is no second
    thread that could hold the interpreter when the device waits for its next step."""

    def __init__(
        self, engine: ContinuousEngine, connection: Connection, shelf: Shelf, traits: Traits
    ) -> None:
        self._engine = engine
        self._connection = connection
        self._shelf = shelf
        self._traits = traits
        """As they were told last."""
        self._poller = select.poll()
        self._poller.register(connection.fileno(), select.POLLIN)

    def run(self) -> None:
        """Raises `EOFError` or `ConnectionError` when nobody is at the other end any more."""
        while True:
            while self._engine.is_idle or self._poller.poll(0):
                message = self._connection.recv()
                if isinstance(message, Close):
                    return
                self._obey(message)
            outcomes = self._engine.step(beat=self._shelf.move_on)
            self._shelf.move_on()
            if outcomes:
                self._tell_traits()
                self._connection.send(Ended(tuple(outcomes)))

    def _tell_traits(self) -> None:
        """Before the outcomes that they are stored with."""
        traits = Traits.of(self._engine)
        if traits != self._traits:
            self._connection.send(traits)
            self._traits = traits

    def _obey(self, message: object) -> None:
        match message:
            case Add(chunks):
                for chunk in chunks:
                    self._engine.add(chunk.key, self._taken(chunk))
            case Cancel(keys):
                self._engine.cancel(keys)
                self._connection.send(Forgotten(keys))

    def _taken(self, chunk: Placed) -> Chunk:
        return Chunk(self._shelf.samples(chunk.place, chunk.samples), chunk.language)
