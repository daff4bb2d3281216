from __future__ import annotations

import pytest

from workers.engines.base import FinishReason
from workers.engines.decoding import Decoded, NonFinite

SURE = -0.1


def decoded(tokens: list[int], reason: FinishReason) -> Decoded:
    return Decoded.of(tokens, [SURE] * len(tokens), reason)


class TestDecoded:
    def test_leaves_the_end_of_sequence_out(self) -> None:
        assert decoded([4, 5, 0], FinishReason.EOS) == Decoded((4, 5), (SURE, SURE), FinishReason.EOS)

    def test_keeps_everything_up_to_the_cap(self) -> None:
        assert decoded([4, 5, 6], FinishReason.LENGTH).tokens == (4, 5, 6)

    def test_keeps_the_first_round_of_a_loop(self) -> None:
        assert decoded([9, *[4, 5] * 12], FinishReason.LOOP).tokens == (9, 4, 5)

    @pytest.mark.parametrize("value", [float("nan"), float("inf")])
    def test_refuses_likelihoods_that_are_no_numbers(self, value: float) -> None:
        with pytest.raises(NonFinite):
            Decoded.of([1], [value], FinishReason.EOS)
