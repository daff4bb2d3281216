"""A device batch between storage and engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import numpy as np
import pytest

from benchmarks.flac_backlog import FiledChunk, as_frames
from core.errors import EngineBroken, LeaseLost, ObjectMissing, StorageUnavailable
from tests.unit.engine_process.engines import PATIENCE_S, SteppedEngine, eventually
from workers.engine_process.hosts import ThreadHost
from workers.engine_process.keeper import EngineKeeper
from workers.engines.base import SAMPLE_RATE, Hypothesis
from workers.heartbeat import Heartbeat
from workers.transcription.admission import Admission
from workers.transcription.feeding import Feeding, Result
from workers.transcription.reading import ChunkReader

NEVER = timedelta(hours=1)
ONE_SECOND = as_frames(np.full(SAMPLE_RATE, 0.2, np.float32))
HEARD = Hypothesis("1.0 s")


class Bucket:
    """Storage in which every key is a second of sound, but for those it is told about."""

    def __init__(self) -> None:
        self.errors: dict[str, Exception] = {}

    def read(self, key: str, *, first_byte: int, last_byte: int) -> bytes:
        if key in self.errors:
            raise self.errors[key]
        return ONE_SECOND


def stored(*keys: str) -> list[FiledChunk]:
    return [FiledChunk(key, 0, len(ONE_SECOND) - 1, first_sample=0, start_ms=0, end_ms=1000) for key in keys]


class Worker:
    """Runs device batches in threads, as the tasks of a transcribe worker do."""

    def __init__(self, engine: SteppedEngine, renew: Callable[[], None]) -> None:
        self.bucket = Bucket()
        self.keeper = EngineKeeper(lambda: engine, ThreadHost, retry_pause=0.0)
        self.keeper.start()
        self.admission = Admission(self.keeper.until_room)
        self.reader = ChunkReader(self.bucket, threads=2)
        self.pool = ThreadPoolExecutor(3)
        self._renew = renew

    def hear(
        self, *keys: str, alone: bool = False, renew: Callable[[], None] | None = None
    ) -> Future[list[Result]]:
        return self.pool.submit(self._hear, stored(*keys), alone, renew or self._renew)

    def close(self) -> None:
        self.admission.drain()
        self.keeper.close()
        self.pool.shutdown()
        self.reader.close()

    def _hear(self, chunks: Sequence[FiledChunk], alone: bool, renew: Callable[[], None]) -> list[Result]:
        with (
            self.admission.turn() as turn,
            Heartbeat(renew, every=timedelta(milliseconds=10), stall_after=NEVER) as heartbeat,
        ):
            assert turn is not None
            feeding = Feeding(self.keeper.open(), turn, heartbeat)
            return feeding.hear(chunks, self.reader, alone=alone, piecemeal=self.keeper.traits.slots > 0)


@pytest.fixture(params=[0, 4], ids=["at once", "piecemeal"])
def engine(request: pytest.FixtureRequest) -> SteppedEngine:
    return SteppedEngine(slots=request.param)


@pytest.fixture
def worker(engine: SteppedEngine) -> Iterator[Worker]:
    worker = Worker(engine, lambda: None)
    yield worker
    worker.close()


def has(engine: SteppedEngine, count: int) -> Callable[[], bool]:
    return lambda: len(engine.inside) == count


class TestResults:
    def test_come_in_the_order_of_the_chunks(self, worker: Worker, engine: SteppedEngine) -> None:
        engine.let_end(3)

        assert worker.hear("a", "b", "c").result(PATIENCE_S) == [HEARD] * 3

    def test_of_an_erased_recording_is_none(self, worker: Worker, engine: SteppedEngine) -> None:
        worker.bucket.errors["b"] = ObjectMissing()
        engine.let_end(2)

        assert worker.hear("a", "b", "c").result(PATIENCE_S) == [HEARD, None, HEARD]

    def test_of_nothing_but_erased_recordings_trouble_no_engine(
        self, worker: Worker, engine: SteppedEngine
    ) -> None:
        worker.bucket.errors["a"] = ObjectMissing()

        assert worker.hear("a").result(PATIENCE_S) == [None]
        assert not engine.came.acquire(blocking=False)


class TestOverlap:
    @pytest.fixture
    def engine(self) -> SteppedEngine:
        return SteppedEngine(slots=4)

    def test_the_next_device_batch_is_in_the_engine_before_the_last_has_ended(
        self, worker: Worker, engine: SteppedEngine
    ) -> None:
        first = worker.hear("a", "b")
        second = worker.hear("c", "d")

        assert eventually(has(engine, 4))
        assert not first.done()
        engine.let_end(4)

        assert first.result(PATIENCE_S) == second.result(PATIENCE_S) == [HEARD, HEARD]

    def test_a_lost_lease_takes_only_its_own_chunks_out(self, worker: Worker, engine: SteppedEngine) -> None:
        def lose() -> None:
            raise LeaseLost

        kept = worker.hear("a", "b")
        assert eventually(has(engine, 2))
        lost = worker.hear("c", renew=lose)

        assert isinstance(lost.exception(PATIENCE_S), LeaseLost)
        assert eventually(has(engine, 2))
        engine.let_end(2)
        assert kept.result(PATIENCE_S) == [HEARD, HEARD]

    def test_an_engine_that_ends_is_told_to_all_that_were_in_it(
        self, worker: Worker, engine: SteppedEngine
    ) -> None:
        both = [worker.hear("a"), worker.hear("b")]
        assert eventually(has(engine, 2))

        engine.break_with(EngineBroken())

        assert [type(each.exception(PATIENCE_S)) for each in both] == [EngineBroken] * 2


class TestSuspect:
    @pytest.fixture
    def engine(self) -> SteppedEngine:
        return SteppedEngine(slots=4)

    def test_waits_until_the_engine_is_empty(self, worker: Worker, engine: SteppedEngine) -> None:
        neighbour = worker.hear("a")
        assert eventually(has(engine, 1))
        engine.came.acquire()

        suspect = worker.hear("b", alone=True)
        came_beside = engine.came.acquire(timeout=0.2)
        engine.let_end()
        neighbour.result(PATIENCE_S)
        engine.let_end()

        assert not came_beside
        assert suspect.result(PATIENCE_S) == [HEARD]

    def test_nobody_comes_in_beside_it(self, worker: Worker, engine: SteppedEngine) -> None:
        suspect = worker.hear("a", alone=True)
        assert eventually(has(engine, 1))
        engine.came.acquire()

        neighbour = worker.hear("b")
        came_beside = engine.came.acquire(timeout=0.2)
        engine.let_end(2)

        assert not came_beside
        assert suspect.result(PATIENCE_S) == neighbour.result(PATIENCE_S) == [HEARD]


class TestStorage:
    def test_that_does_not_answer_leaves_nothing_in_the_engine(
        self, worker: Worker, engine: SteppedEngine
    ) -> None:
        worker.bucket.errors["b"] = StorageUnavailable()

        heard = worker.hear("a", "b")

        assert isinstance(heard.exception(PATIENCE_S), StorageUnavailable)
        assert eventually(lambda: engine.is_idle and worker.admission.welcome == 1)
