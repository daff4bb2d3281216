from __future__ import annotations

import torch

from workers.engines.base import FinishReason
from workers.engines.decoding import Decoded
from workers.engines.whisper.greedy import Paper, Prompts, Rules, forbidding
from workers.engines.whisper.memory import Memory

WORDS, END = 9, 8


def paper(*caps: int) -> Paper:
    prompts = Prompts(torch.zeros(len(caps), 1, dtype=torch.long), torch.ones(len(caps), 1, dtype=torch.bool))
    memory = Memory(torch.zeros(1, 2, len(caps), 1, 1, 1), torch.zeros(1, 2, len(caps), 1, 1, 1), None)
    return Paper(prompts, Rules(end=END, caps=caps, bias=None, bias_at_first=None), memory)


def liking(*words: int) -> torch.Tensor:
    """Scores by which each row chooses this word."""
    return 9.0 * torch.nn.functional.one_hot(torch.tensor(words), WORDS)


class TestPaper:
    def test_goes_on_with_the_rows_that_are_not_over(self) -> None:
        sheet = paper(9, 9, 9)

        assert sheet.note(0, liking(1, END, 3)).tolist() == [1, 3]
        assert not sheet.is_full

    def test_answers_in_the_order_of_the_rows_whoever_ended_first(self) -> None:
        sheet = paper(9, 9, 9)
        sheet.note(0, liking(END, 2, 3))
        sheet.note(1, liking(END, 5))
        sheet.note(2, liking(END))

        assert [each.tokens for each in sheet.decoded()] == [(), (2, 5), (3,)]

    def test_stops_each_row_at_its_own_cap(self) -> None:
        sheet = paper(1, 2)
        sheet.note(0, liking(1, 2))
        sheet.note(1, liking(3))

        assert [each.tokens for each in sheet.decoded()] == [(1,), (2, 3)]
        assert {each.finish_reason for each in sheet.decoded()} == {FinishReason.LENGTH}

    def test_prefers_an_end_to_a_cap(self) -> None:
        sheet = paper(1)
        sheet.note(0, liking(END))

        assert sheet.decoded() == [Decoded((), (), FinishReason.EOS)]

    def test_stops_a_loop_and_keeps_its_first_round(self) -> None:
        sheet = paper(99)
        for step in range(24):
            sheet.note(step, liking(1 + step % 2))

        assert sheet.is_full
        assert sheet.decoded()[0].tokens == (1, 2)
        assert sheet.decoded()[0].finish_reason is FinishReason.LOOP

    def test_takes_what_the_last_row_knows_to_the_place_it_moves_to(self) -> None:
        sheet = paper(9, 9, 9)
        sheet._memory.audio[:] = torch.tensor([1.0, 2.0, 3.0]).view(1, 1, 3, 1, 1, 1)

        sheet.note(0, liking(END, 2, 3))

        assert sheet._memory.audio[0, 0, :, 0, 0, 0].tolist() == [3.0, 2.0, 3.0]


class TestForbidding:
    def test_leaves_the_others_as_they_are(self) -> None:
        bias = forbidding((1, 3), 5, torch.zeros(1))

        assert bias is not None
        assert bias.tolist() == [0.0, float("-inf"), 0.0, float("-inf"), 0.0]

    def test_of_nothing_is_nothing(self) -> None:
        assert forbidding((), 5, torch.zeros(1)) is None


class TestPrompts:
    def test_look_back_at_their_own_row_only_and_never_at_nothing(self) -> None:
        counts = torch.tensor([[False, True, True], [True, True, True]])
        prompts = Prompts(torch.zeros(2, 3, dtype=torch.long), counts)

        short, full = prompts.mask[:, 0].tolist()

        assert short == [[True, False, False], [False, True, False], [False, True, True]]
        assert full == [[True, False, False], [True, True, False], [True, True, True]]
        assert prompts.positions.tolist() == [[0, 0, 1], [0, 1, 2]]
