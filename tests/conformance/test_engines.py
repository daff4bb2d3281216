"""What every engine promises, whatever its model."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pytest

from core.errors import EngineOverloaded
from tests.conformance.clips import turns
from workers.engines.base import SAMPLE_RATE, Chunk, Engine, FinishReason, Hypothesis, Outcome
from workers.engines.continuous import continuous

CLIPS = [turn.chunk for turn in turns("call_en")[:3]]
LONG = Chunk(np.concatenate([turn.chunk.samples for turn in turns("call_en")[:6:2]])[: 20 * SAMPLE_RATE])


def silence(seconds: float) -> Chunk:
    return Chunk(np.zeros(int(seconds * SAMPLE_RATE), np.float32))


def texts(hypotheses: list[Hypothesis]) -> list[str]:
    return [hypothesis.text for hypothesis in hypotheses]


def heard_continuously(
    engine: Engine, chunks: Sequence[Chunk], *, cancelled: Collection[int] = ()
) -> dict[int, Hypothesis | EngineOverloaded]:
    """By place, through the seam that workers use."""
    running = continuous(engine)
    for key, chunk in enumerate(chunks):
        running.add(key, chunk)
    running.cancel(cancelled)
    outcomes: list[Outcome] = []
    while not running.is_idle:
        outcomes += running.step()
    assert len({outcome.key for outcome in outcomes}) == len(outcomes)
    return {outcome.key: outcome.result for outcome in outcomes}


@pytest.fixture(scope="session")
def memory() -> dict[str, list[Hypothesis]]:
    """What was heard already, by model."""
    return {}


@pytest.fixture
def alone(engine: Engine, memory: dict[str, list[Hypothesis]]) -> list[Hypothesis]:
    """What the engine hears in each clip by itself."""
    model = engine.identity.model
    if model not in memory:
        memory[model] = [engine.recognize([clip])[0] for clip in CLIPS]
    return memory[model]


class TestBatch:
    def test_is_heard_as_its_chunks_are_alone(self, engine: Engine, alone: list[Hypothesis]) -> None:
        assert texts(engine.recognize(CLIPS)) == texts(alone)

    def test_is_answered_in_order(self, engine: Engine, alone: list[Hypothesis]) -> None:
        heard = engine.recognize(CLIPS[::-1])

        assert texts(heard) == texts(alone)[::-1]
        assert len(set(texts(alone))) == len(CLIPS)

    def test_of_unequal_lengths_leaks_no_padding(self, engine: Engine, alone: list[Hypothesis]) -> None:
        heard = engine.recognize([LONG, CLIPS[0]])

        assert heard[1].text == alone[0].text

    def test_of_nothing_is_nothing(self, engine: Engine) -> None:
        assert engine.recognize([]) == []

    def test_with_too_many_chunks_is_refused(self, engine: Engine) -> None:
        with pytest.raises(EngineOverloaded):
            engine.recognize([silence(1.0)] * (engine.max_batch_chunks + 1))

    def test_with_too_many_seconds_is_refused(self, engine: Engine) -> None:
        seconds = engine.max_batch_seconds / engine.max_batch_chunks + 1.0

        with pytest.raises(EngineOverloaded):
            engine.recognize([silence(seconds)] * engine.max_batch_chunks)


class TestContinuously:
    def test_any_number_of_chunks_is_heard(self, engine: Engine, alone: list[Hypothesis]) -> None:
        silences = engine.max_batch_chunks

        heard = heard_continuously(engine, [CLIPS[0], *[silence(1.0)] * silences, CLIPS[1]])

        found = [heard[key] for key in range(silences + 2)]
        assert [each.text for each in found if isinstance(each, Hypothesis)] == [
            alone[0].text,
            *[""] * silences,
            alone[1].text,
        ]

    def test_what_is_cancelled_is_not_answered(self, engine: Engine, alone: list[Hypothesis]) -> None:
        heard = heard_continuously(engine, CLIPS, cancelled=[0, 2])

        assert heard.keys() == {1}
        assert isinstance(heard[1], Hypothesis)
        assert heard[1].text == alone[1].text

    def test_a_chunk_longer_than_the_window_is_refused_and_never_cut_short(
        self, engine: Engine, alone: list[Hypothesis]
    ) -> None:
        too_long = Chunk(np.full(30 * SAMPLE_RATE + 1, 0.1, np.float32))

        heard = heard_continuously(engine, [too_long, CLIPS[0]])

        assert isinstance(heard[0], EngineOverloaded)
        assert isinstance(heard[1], Hypothesis)
        assert heard[1].text == alone[0].text


class TestChunk:
    @pytest.mark.parametrize("seconds", [0.0, 1 / SAMPLE_RATE, 0.05, 3.0])
    def test_of_silence_gives_no_text(self, engine: Engine, seconds: float) -> None:
        assert engine.recognize([silence(seconds)]) == [Hypothesis(text="")]

    def test_of_a_click_gives_no_text(self, engine: Engine) -> None:
        click = Chunk(CLIPS[0].samples[10_000:11_000])

        assert engine.recognize([click])[0].text == ""

    def test_of_a_tenth_of_a_second_is_heard_without_a_fault(self, engine: Engine) -> None:
        brief = Chunk(CLIPS[0].samples[10_000:11_600])

        assert len(engine.recognize([brief])) == 1


class TestHypothesis:
    def test_tells_how_likely_each_token_was(self, alone: list[Hypothesis]) -> None:
        for hypothesis in alone:
            assert hypothesis.token_logprobs
            assert all(-100.0 < logprob <= 0.0 for logprob in hypothesis.token_logprobs)

    def test_has_a_confidence_between_nothing_and_certainty(self, alone: list[Hypothesis]) -> None:
        for hypothesis in alone:
            assert hypothesis.confidence is not None
            assert 0.0 < hypothesis.confidence <= 1.0

    def test_tells_why_it_ended(self, alone: list[Hypothesis]) -> None:
        assert all(hypothesis.finish_reason in FinishReason for hypothesis in alone)


class TestEngine:
    def test_beats_for_every_token(self, engine: Engine) -> None:
        beats: list[None] = []

        (heard,) = engine.recognize(CLIPS[:1], beat=lambda: beats.append(None))

        assert len(beats) >= (len(heard.token_logprobs) if engine.identity.model != "scripted" else 1)

    def test_says_which_code_and_weights_it_is(self, engine: Engine) -> None:
        identity = engine.identity

        assert identity.model
        assert identity.device == "cpu"
        assert identity.version

    def test_hears_the_same_twice(self, engine: Engine, alone: list[Hypothesis]) -> None:
        assert engine.recognize(CLIPS[:1]) == alone[:1]
