from __future__ import annotations

import numpy as np
import pytest

from core.errors import ChunkTooLarge
from workers.engines.base import SAMPLE_RATE, Chunk
from workers.engines.scripted import ScriptedEngine
from workers.transcription.recognition import recognize


def silence(seconds: float) -> Chunk:
    return Chunk(np.zeros(int(seconds * SAMPLE_RATE), np.float32))


class TestRecognize:
    def test_keeps_order_when_a_batch_is_halved(self) -> None:
        engine = ScriptedEngine("one", "two", "three", max_batch_seconds=2.0)

        hypotheses = recognize(engine, [silence(1.0)] * 3)

        assert [hypothesis.text for hypothesis in hypotheses] == ["one", "two", "three"]
        assert engine.batches == [1, 2]

    def test_takes_a_batch_that_fits_in_one_go(self) -> None:
        engine = ScriptedEngine("one", "two")

        recognize(engine, [silence(1.0)] * 2)

        assert engine.batches == [2]

    def test_gives_up_on_one_chunk_that_never_fits(self) -> None:
        engine = ScriptedEngine(max_batch_seconds=0.5)

        with pytest.raises(ChunkTooLarge):
            recognize(engine, [silence(1.0)])

    def test_does_not_trouble_the_engine_with_nothing(self) -> None:
        engine = ScriptedEngine()

        assert recognize(engine, []) == []
        assert engine.batches == []

    def test_beats_in_every_half(self) -> None:
        beats: list[None] = []

        recognize(ScriptedEngine(max_batch_chunks=1), [silence(1.0)] * 4, beat=lambda: beats.append(None))

        assert len(beats) == 4
