"""Threads that do one thing after another, and end with the program whatever they do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Final, Generic, TypeVar

Task = TypeVar("Task")
Done = TypeVar("Done")

LOOK_EVERY_S: Final = 1.0


def in_parallel(
    work: Callable[[Task], Done], tasks: Iterable[Task], *, at_once: int
) -> Generator[list[Done], None, None]:
    """What is done, as it is done: all of it since the last time one asked, at least once a second.

    An error of `work` is raised here. Who stops listening stops the threads, once each has ended its task.
    """
    pool = _Pool(work, iter(tasks), at_once)
    try:
        while pool.running:
            yield [future.result() for future in pool.finished(within=LOOK_EVERY_S)]
    finally:
        pool.stopped.set()


class _Pool(Generic[Task, Done]):
    def __init__(self, work: Callable[[Task], Done], tasks: Iterator[Task], at_once: int) -> None:
        self.stopped = threading.Event()
        self.running = at_once
        """Threads that may still have something to tell."""
        self._work = work
        self._tasks = tasks
        self._taking = threading.Lock()
        self._results: SimpleQueue[Future[Done] | None] = SimpleQueue()
        for _ in range(at_once):
            # Daemons: Ctrl-C need not wait for a connection that hangs.
            threading.Thread(target=self._run, daemon=True).start()

    def finished(self, *, within: float) -> list[Future[Done]]:
        found: list[Future[Done]] = []
        while self.running:
            try:
                result = self._results.get(timeout=0 if found else within)
            except Empty:
                break
            if result is None:
                self.running -= 1
            else:
                found.append(result)
        return found

    def _run(self) -> None:
        try:
            for task in self._taken():
                self._tell(self._work(task))
        except BaseException as error:  # noqa: BLE001 - raised in the thread that listens
            self._results.put(_failed(error))
        finally:
            self._results.put(None)

    def _tell(self, done: Done) -> None:
        future: Future[Done] = Future()
        future.set_result(done)
        self._results.put(future)

    def _taken(self) -> Iterator[Task]:
        while not self.stopped.is_set():
            with self._taking:
                task = next(self._tasks, None)
            if task is None:
                return
            yield task


def _failed(error: BaseException) -> Future[Done]:
    future: Future[Done] = Future()
    future.set_exception(error)
    return future
