from __future__ import annotations

import threading
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.bulk.pool import in_parallel


class TestPool:
    @settings(deadline=None)
    @given(st.lists(st.integers(), max_size=30), st.integers(1, 5))
    def test_does_everything_once(self, tasks: list[int], at_once: int) -> None:
        done = in_parallel(lambda task: task, tasks, at_once=at_once)

        assert sorted(chain.from_iterable(done)) == sorted(tasks)

    def test_tells_together_what_was_done_meanwhile(self) -> None:
        through = threading.Event()

        def work(task: int) -> int:
            if task == 3:
                through.set()
            return task

        told = in_parallel(work, [1, 2, 3], at_once=1)
        first = next(told)
        through.wait()

        assert sum(map(len, told)) + len(first) == 3

    def test_does_as_many_at_once_as_it_may(self) -> None:
        meeting = threading.Barrier(3, timeout=10)

        done = in_parallel(lambda task: meeting.wait() >= 0 and task, ["a", "b", "c"], at_once=3)

        assert sorted(chain.from_iterable(done)) == ["a", "b", "c"]

    def test_raises_what_a_task_raises(self) -> None:
        def work(task: int) -> int:
            if task == 2:
                raise KeyError(task)
            return task

        with pytest.raises(KeyError):
            list(in_parallel(work, [1, 2, 3], at_once=1))

    def test_takes_no_more_tasks_once_nobody_listens(self) -> None:
        taken: list[int] = []
        go_on = threading.Semaphore(0)

        def work(task: int) -> int:
            taken.append(task)
            if len(taken) > 1:
                go_on.acquire()
            return task

        told = in_parallel(work, range(100), at_once=1)
        next(told)
        told.close()
        go_on.release()

        assert len(taken) <= 2
