"""Engines that hear whole batches, behind the seam of those that take chunks at any time."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import EngineOverloaded
from workers.engines.base import SAMPLE_RATE, Chunk, ContinuousEngine, Hypothesis, Outcome
from workers.engines.continuous import BatchAtATime, continuous
from workers.engines.scripted import ScriptedEngine
from workers.engines.settings import ScriptedSettings

HUGE = 0.5


def speech(seconds: float = 1.0, *, peak: float = 0.2) -> Chunk:
    return Chunk(np.full(int(seconds * SAMPLE_RATE), peak, np.float32))


def drained(engine: ContinuousEngine) -> list[Outcome]:
    outcomes: list[Outcome] = []
    while not engine.is_idle:
        outcomes += engine.step()
    return outcomes


def texts(outcomes: list[Outcome]) -> dict[int, str | None]:
    return {
        outcome.key: outcome.result.text if isinstance(outcome.result, Hypothesis) else None
        for outcome in outcomes
    }


class TestBatchAtATime:
    def test_is_made_of_an_engine_that_hears_batches(self) -> None:
        assert isinstance(continuous(ScriptedEngine()), BatchAtATime)

    def test_answers_every_key_once(self) -> None:
        engine = continuous(ScriptedEngine("one", "two", "three", max_batch_chunks=2))

        for key in (7, 3, 5):
            engine.add(key, speech())

        assert texts(drained(engine)) == {7: "one", 3: "two", 5: "three"}

    @pytest.mark.parametrize(
        "scripted", [ScriptedEngine(max_batch_chunks=2), ScriptedEngine(max_batch_seconds=2.5)]
    )
    def test_never_gives_the_engine_more_than_it_takes(self, scripted: ScriptedEngine) -> None:
        engine = continuous(scripted)
        for key in range(5):
            engine.add(key, speech())

        drained(engine)

        assert scripted.batches == [2, 2, 1]

    def test_forgets_what_is_cancelled(self) -> None:
        engine = continuous(ScriptedEngine("only"))
        engine.add(1, speech())
        engine.add(2, speech())

        engine.cancel([1, 99])

        assert texts(drained(engine)) == {2: "only"}

    def test_tells_of_one_that_never_fits_and_hears_its_neighbours(self) -> None:
        behaviour = ScriptedSettings(overload_on_peak=round(HUGE * 1000))
        engine = continuous(ScriptedEngine("a", "b", "c", behaviour=behaviour))
        for key in range(4):
            engine.add(key, speech(peak=HUGE if key == 2 else 0.2))

        outcomes = drained(engine)

        assert texts(outcomes) == {0: "a", 1: "b", 2: None, 3: "c"}
        assert isinstance(next(each.result for each in outcomes if each.key == 2), EngineOverloaded)

    def test_does_nothing_when_idle(self) -> None:
        assert continuous(ScriptedEngine()).step() == []
