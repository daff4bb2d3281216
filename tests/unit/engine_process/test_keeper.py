"""An engine behind its connection, in a thread of this process: the same loop, the same messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from core.errors import EngineBroken, EngineOverloaded
from tests.unit.engine_process.engines import PATIENCE_S, SteppedEngine, eventually
from workers.engine_process.hosts import ThreadHost
from workers.engine_process.keeper import EngineKeeper
from workers.engines.base import MAX_CHUNK_SECONDS, SAMPLE_RATE, Chunk, ContinuousEngine, Hypothesis


def speech(seconds: float = 1.0, language: str | None = None) -> Chunk:
    return Chunk(np.full(int(seconds * SAMPLE_RATE), 0.2, np.float32), language)


@pytest.fixture
def engine() -> SteppedEngine:
    return SteppedEngine()


@pytest.fixture
def keeper(engine: SteppedEngine) -> Iterator[EngineKeeper]:
    keeper = EngineKeeper(lambda: engine, ThreadHost, retry_pause=0.0)
    keeper.start()
    yield keeper
    keeper.close()


class TestHearing:
    def test_tells_each_result_under_the_callers_own_number(
        self, keeper: EngineKeeper, engine: SteppedEngine
    ) -> None:
        hearing = keeper.open()
        hearing.add({7: speech(1.0, "de"), 3: speech(2.0)})

        engine.let_end(2)

        assert hearing.next(timeout=PATIENCE_S) == (7, Hypothesis("1.0 s", language="de"))
        assert hearing.next(timeout=PATIENCE_S) == (3, Hypothesis("2.0 s"))
        assert hearing.is_over

    def test_the_engine_gets_the_samples_as_they_are(
        self, keeper: EngineKeeper, engine: SteppedEngine
    ) -> None:
        samples = np.linspace(-1.0, 1.0, 1000, dtype=np.float32)

        keeper.open().add({0: Chunk(samples)})
        engine.came.acquire(timeout=PATIENCE_S)

        (chunk,) = engine.inside.values()
        assert np.array_equal(chunk.samples, samples)

    def test_two_device_batches_do_not_see_each_others_results(
        self, keeper: EngineKeeper, engine: SteppedEngine
    ) -> None:
        first, second = keeper.open(), keeper.open()
        first.add({0: speech(1.0)})
        second.add({0: speech(2.0)})

        engine.let_end(2)

        assert second.next(timeout=PATIENCE_S) == (0, Hypothesis("2.0 s"))
        assert first.next(timeout=PATIENCE_S) == (0, Hypothesis("1.0 s"))

    def test_forgets_its_own_chunks_only(self, keeper: EngineKeeper, engine: SteppedEngine) -> None:
        first, second = keeper.open(), keeper.open()
        first.add({0: speech(1.0), 1: speech(1.0)})
        second.add({0: speech(2.0)})

        first.forget()
        assert eventually(lambda: len(engine.inside) == 1)
        engine.let_end()

        assert second.next(timeout=PATIENCE_S) == (0, Hypothesis("2.0 s"))

    def test_places_of_what_ended_or_was_forgotten_serve_again(
        self, keeper: EngineKeeper, engine: SteppedEngine
    ) -> None:
        for _ in range(10):
            hearing = keeper.open()
            hearing.add(dict.fromkeys(range(8), speech()))
            engine.let_end()
            assert hearing.next(timeout=PATIENCE_S) is not None
            hearing.forget()
            assert eventually(lambda: engine.is_idle)

        assert eventually(lambda: keeper.open().engine_is_empty())

    def test_a_chunk_longer_than_any_window_does_not_fit(self, keeper: EngineKeeper) -> None:
        hearing = keeper.open()

        hearing.add({0: speech(MAX_CHUNK_SECONDS + 0.1)})

        ended = hearing.next(timeout=PATIENCE_S)
        assert ended is not None
        assert isinstance(ended[1], EngineOverloaded)


class TestTraits:
    def test_that_change_are_known_before_the_results_they_belong_to(
        self, keeper: EngineKeeper, engine: SteppedEngine
    ) -> None:
        hearing = keeper.open()
        hearing.add({0: speech()})
        before = keeper.traits.identity.dtype

        engine.identity = replace(engine.identity, dtype="bfloat16")
        engine.let_end()
        hearing.next(timeout=PATIENCE_S)

        assert (before, keeper.traits.identity.dtype) == ("none", "bfloat16")


class TestEnd:
    @pytest.mark.parametrize("error", [EngineBroken(), ZeroDivisionError()])
    def test_everybody_inside_learns_that_the_engine_ended(
        self, keeper: EngineKeeper, engine: SteppedEngine, error: Exception
    ) -> None:
        first, second = keeper.open(), keeper.open()
        first.add({0: speech()})
        second.add({0: speech()})

        engine.break_with(error)

        for hearing in (first, second):
            with pytest.raises(EngineBroken):
                hearing.next(timeout=PATIENCE_S)

    def test_another_engine_takes_over(self, keeper: EngineKeeper, engine: SteppedEngine) -> None:
        lost = keeper.open()
        lost.add({0: speech()})
        engine.break_with(EngineBroken())
        with pytest.raises(EngineBroken):
            lost.next(timeout=PATIENCE_S)

        assert eventually(lambda: keeper.until_room() == 0.0)
        hearing = keeper.open()
        hearing.add({0: speech()})
        engine.let_end()

        assert hearing.next(timeout=PATIENCE_S) == (0, Hypothesis("1.0 s"))

    def test_who_comes_while_there_is_none_is_told(self, keeper: EngineKeeper) -> None:
        keeper.close()

        with pytest.raises(EngineBroken):
            keeper.open()

    def test_forgetting_what_was_lost_does_no_harm(self, keeper: EngineKeeper, engine: SteppedEngine) -> None:
        hearing = keeper.open()
        hearing.add({0: speech(), 1: speech()})
        engine.break_with(EngineBroken())
        with pytest.raises(EngineBroken):
            hearing.next(timeout=PATIENCE_S)

        hearing.forget()

        assert hearing.is_over


class TestPauses:
    def test_grow_while_one_engine_after_the_other_hears_nothing(self, engine: SteppedEngine) -> None:
        keeper = EngineKeeper(lambda: engine, ThreadHost, retry_pause=2.0)
        keeper.start()
        life = keeper._life
        assert life is not None

        pauses = [keeper._pause_after(life) for _ in range(4)]
        for _ in range(20):
            longest = keeper._pause_after(life)
        life.has_heard = True
        after_success = keeper._pause_after(life)
        keeper.close()

        assert pauses == [0.0, 2.0, 4.0, 8.0]
        assert (longest, after_success) == (60.0, 0.0)


def cannot_load() -> ContinuousEngine:
    raise FileNotFoundError


class TestLoading:
    def test_an_engine_that_cannot_be_loaded_is_told_at_once(self) -> None:
        keeper = EngineKeeper(cannot_load, ThreadHost)

        with pytest.raises(EngineBroken):
            keeper.start()

    def test_one_that_cannot_be_loaded_any_more_is_not_tried_for_ever(self, engine: SteppedEngine) -> None:
        engines = [engine]
        given_up: list[bool] = []
        # The second time the list is empty.
        keeper = EngineKeeper(engines.pop, ThreadHost, on_unloadable=lambda: given_up.append(True))
        keeper.start()
        keeper.open().add({0: speech()})

        engine.break_with(EngineBroken())
        keeper._thread.join(PATIENCE_S)

        assert given_up == [True]
