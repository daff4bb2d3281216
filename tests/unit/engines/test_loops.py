from __future__ import annotations

import pytest
import torch

from workers.engines import loops


def is_loop(tokens: list[int]) -> bool:
    return bool(loops.looping(torch.tensor([tokens])).item())


class TestLooping:
    @pytest.mark.parametrize("phrase", [[7], [7, 8], [1, 2, 3], [1, 1, 2, 2, 3], list(range(8))])
    def test_notices_a_phrase_said_over_and_over(self, phrase: list[int]) -> None:
        times = loops.repeats_of(len(phrase))

        assert is_loop([90, 91, *phrase * times])
        assert not is_loop([90, 91, *phrase * (times - 1)])

    def test_leaves_a_digit_said_ten_times_alone(self) -> None:
        assert not is_loop([50, *[7] * 10])

    def test_leaves_a_sentence_said_three_times_alone(self) -> None:
        assert not is_loop(list(range(8)) * 3)

    def test_forgets_a_repetition_that_was_overcome(self) -> None:
        assert not is_loop([*[7] * 23, 8])

    def test_judges_each_row_for_itself(self) -> None:
        rows = torch.tensor([[7] * 30, list(range(30))])

        assert loops.looping(rows).tolist() == [True, False]

    def test_finds_nothing_in_nothing(self) -> None:
        assert loops.looping(torch.zeros((2, 0), dtype=torch.long)).tolist() == [False, False]


class TestLengthBeforeLoop:
    @pytest.mark.parametrize("phrase", [[7], [7, 8], [1, 2, 3], [1, 1, 2, 2, 3], list(range(8))])
    def test_keeps_what_came_before_and_one_round(self, phrase: list[int]) -> None:
        tokens = [90, 91, *phrase * loops.repeats_of(len(phrase))]

        assert loops.length_before_loop(tokens) == 2 + len(phrase)

    def test_keeps_everything_without_a_loop(self) -> None:
        assert loops.length_before_loop([1, 2, 3, 3, 3]) == 5
