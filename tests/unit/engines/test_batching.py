from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from core.errors import EngineOverloaded
from workers.engines.base import SAMPLE_RATE, Chunk, Hypothesis
from workers.engines.batching import Budget, listen_in_passes
from workers.engines.settings import EngineSettings

BUDGET = Budget(chunks=3, seconds=40.0, rows=3)


def speech(seconds: float) -> Chunk:
    return Chunk(np.full(round(seconds * SAMPLE_RATE), 0.1, np.float32))


def silence(seconds: float) -> Chunk:
    return Chunk(np.zeros(round(seconds * SAMPLE_RATE), np.float32))


class Listener:
    """Says how long each chunk was, and remembers what it was given together."""

    def __init__(self) -> None:
        self.passes: list[list[float]] = []

    def __call__(self, chunks: Sequence[Chunk]) -> list[Hypothesis]:
        self.passes.append([chunk.seconds for chunk in chunks])
        return [Hypothesis(text=f"{chunk.seconds:g}") for chunk in chunks]


class TestBudget:
    def test_is_full_passes_of_the_longest_chunks_unless_told_otherwise(self) -> None:
        assert Budget.of(EngineSettings(), rows=8, passes=2) == Budget(chunks=16, seconds=480.0, rows=8)

    def test_is_what_the_settings_ask_for(self) -> None:
        settings = EngineSettings(max_batch_chunks=4, max_batch_seconds=50.0)

        assert Budget.of(settings, rows=8) == Budget(chunks=4, seconds=50.0, rows=4)

    def test_takes_a_batch_that_just_fits(self) -> None:
        BUDGET.refuse_oversize([speech(15.0), speech(15.0), speech(10.0)])

    def test_refuses_nothing_by_rounding(self) -> None:
        Budget(chunks=9, seconds=0.9, rows=9).refuse_oversize([speech(0.1)] * 9)

    @pytest.mark.parametrize(
        "chunks",
        [
            pytest.param([speech(1.0)] * 4, id="too many"),
            pytest.param([speech(21.0)] * 2, id="too long together"),
            pytest.param([speech(30.1)], id="longer than the window"),
        ],
    )
    def test_refuses_what_does_not_fit(self, chunks: list[Chunk]) -> None:
        with pytest.raises(EngineOverloaded):
            BUDGET.refuse_oversize(chunks)


class TestListenInPasses:
    def test_answers_in_the_order_of_the_question(self) -> None:
        heard = listen_in_passes([speech(1), speech(3), speech(2)], Listener(), rows=2)

        assert [hypothesis.text for hypothesis in heard] == ["1", "3", "2"]

    def test_hears_chunks_of_like_length_together(self) -> None:
        listener = Listener()

        listen_in_passes([speech(9), speech(1), speech(8), speech(2)], listener, rows=2)

        assert listener.passes == [[9.0, 8.0], [2.0, 1.0]]

    def test_keeps_silence_from_the_model(self) -> None:
        listener = Listener()

        heard = listen_in_passes([silence(1), speech(2), silence(0)], listener, rows=8)

        assert [hypothesis.text for hypothesis in heard] == ["", "2", ""]
        assert listener.passes == [[2.0]]

    def test_does_not_wake_the_model_for_nothing(self) -> None:
        listener = Listener()

        listen_in_passes([silence(1)], listener, rows=8)

        assert listener.passes == []

    def test_tells_the_language_that_was_asked_for_even_of_silence(self) -> None:
        chunk = Chunk(silence(1).samples, language="zh")

        (heard,) = listen_in_passes([chunk], Listener(), rows=8)

        assert heard == Hypothesis(text="", language="zh")
