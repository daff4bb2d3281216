"""When a text is over, decided on the device; against the rules spelled out on whole texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.engines import loops
from workers.engines.glm_asr.decoder import Decoder
from workers.engines.glm_asr.slots import Rules, Slots, Start, State

VOCABULARY = 12
EOS = 11
MOST = 64


class Reciter:
    """A language model that says given texts, one a slot."""

    vocabulary = VOCABULARY
    positions = 256

    def __init__(self, texts: Sequence[Sequence[int]]) -> None:
        self._texts = texts
        self._said = [0] * len(texts)

    def new_cache(self, slots: int) -> torch.Tensor:
        return torch.zeros(1, slots)

    def step(
        self, tokens: torch.Tensor, places: torch.Tensor, valid: torch.Tensor, cache: torch.Tensor
    ) -> torch.Tensor:
        assert len(tokens) == len(places) == len(valid) == cache.shape[1]
        scores = torch.ones(len(tokens), VOCABULARY)
        for slot, text in enumerate(self._texts[: len(tokens)]):
            if self._said[slot] < len(text):
                scores[slot, text[self._said[slot]]] = 5.0
                self._said[slot] += 1
        return scores


def slots_of(texts: Sequence[Sequence[int]], caps: Sequence[int], rules: Rules | None = None) -> Slots:
    decoder = cast("Decoder", Reciter(texts))
    slots = Slots(decoder, len(texts), rules or Rules((EOS,), MOST), torch.device("cpu"))
    slots.begin([Start(slot, 0, 5, cap) for slot, cap in enumerate(caps)])
    return slots


def ending(text: Sequence[int], cap: int) -> tuple[State, int]:
    """The rules, token by token on the whole text."""
    for count in range(1, len(text) + 1):
        written = torch.tensor([text[:count]])
        if text[count - 1] == EOS:
            return State.EOS, count
        if bool(loops.looping(written)[0]):
            return State.LOOP, count
        if count >= cap:
            return State.LENGTH, count
    return State.RUNNING, len(text)


TEXTS = st.lists(
    st.one_of(
        st.lists(st.integers(0, VOCABULARY - 1), min_size=1, max_size=6),
        # A phrase over and over.
        st.tuples(st.lists(st.integers(0, 9), min_size=1, max_size=9), st.integers(2, 26)).map(
            lambda phrase: phrase[0] * phrase[1]
        ),
    ),
    min_size=1,
    max_size=4,
).map(lambda parts: [token for part in parts for token in part][:MOST])


class TestSlots:
    @given(texts=st.lists(TEXTS, min_size=1, max_size=4), cap=st.integers(1, MOST))
    @settings(max_examples=60, deadline=None)
    def test_end_each_text_for_the_same_reason_at_the_same_token(
        self, texts: list[list[int]], cap: int
    ) -> None:
        slots = slots_of(texts, [cap] * len(texts))

        for _ in range(max(len(text) for text in texts)):
            slots.step(len(texts), penalised=False)

        for slot, text in enumerate(texts):
            state, count = ending(text, cap)
            if state is State.RUNNING:
                continue
            assert (State(int(slots.state[slot])), int(slots.counts[slot])) == (state, count)
            assert slots.written[slot, :count].tolist() == text[:count]

    def test_that_ended_stand_still(self) -> None:
        slots = slots_of([[3, EOS, 4, 4], [1, 2, 3, 4]], [40, 40])
        slots.step(2, penalised=False)
        slots.step(2, penalised=False)
        before = slots.written[0, :2].tolist(), slots.logprobs[0, :2].tolist()

        slots.step(2, penalised=False)
        slots.step(2, penalised=False)

        assert (slots.written[0, :2].tolist(), slots.logprobs[0, :2].tolist()) == before
        assert slots.counts.tolist() == [2, 4]

    def test_tell_the_log_probability_of_what_was_chosen(self) -> None:
        slots = slots_of([[3, 4]], [40])

        slots.step(1, penalised=False)

        scores = torch.ones(VOCABULARY)
        scores[3] = 5.0
        assert float(slots.logprobs[0, 0]) == pytest.approx(float(scores.log_softmax(0)[3]), abs=1e-5)

    def test_may_be_told_not_to_stop_loops(self) -> None:
        slots = slots_of([[1] * 40], [MOST], Rules((EOS,), MOST, stop_loops=False))

        for _ in range(40):
            slots.step(1, penalised=False)

        assert State(int(slots.state[0])) is State.RUNNING

    def test_that_are_freed_write_nothing(self) -> None:
        slots = slots_of([[1, 2, 3], [1, 2, 3]], [40, 40])
        slots.step(2, penalised=False)

        slots.free([1])
        slots.step(2, penalised=False)

        assert slots.counts.tolist() == [2, 1]

    def test_begin_anew_with_nothing_of_the_text_before(self) -> None:
        slots = slots_of([[1] * 23 + [1, 1, 1, 1]], [40])
        for _ in range(23):
            slots.step(1, penalised=False)

        slots.begin([Start(0, 0, 5, 40)])
        slots.step(1, penalised=False)

        assert State(int(slots.state[0])) is State.RUNNING
        assert slots.counts.tolist() == [1]


class TestPenalty:
    def test_divides_the_score_of_what_was_written_before(self) -> None:
        slots = slots_of([[3, 3, 3], [3, 3, 3]], [40, 40])
        slots.begin([Start(0, 0, 5, 40, penalty=1e9)])

        for _ in range(2):
            slots.step(2, penalised=True)

        assert slots.written[0, :2].tolist() == [3, 0]
        assert slots.written[1, :2].tolist() == [3, 3]

    def test_forgets_what_another_text_wrote_in_the_slot(self) -> None:
        slots = slots_of([[3, 4, 3]], [40])
        slots.begin([Start(0, 0, 5, 40, penalty=1e9)])
        for _ in range(2):
            slots.step(1, penalised=True)

        slots.begin([Start(0, 0, 5, 40, penalty=1e9)])
        slots.step(1, penalised=True)

        assert slots.written[0, 0].item() == 3
