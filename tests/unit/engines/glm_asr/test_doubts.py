from __future__ import annotations

import pytest

from workers.engines.base import FinishReason
from workers.engines.decoding import Decoded
from workers.engines.glm_asr.doubts import Doubts, better

WORDS = "i would like to ask about the invoice that came with last month's delivery".split()
SURE = -0.1


def said(words: list[str], logprob: float = SURE, reason: FinishReason = FinishReason.EOS) -> Decoded:
    """A token a word: the number of the word in `WORDS`."""
    return Decoded(tuple(WORDS.index(word) for word in words), (logprob,) * len(words), reason)


def read(decoded: Decoded) -> str:
    return " ".join(WORDS[token] for token in decoded.tokens)


doubts = Doubts(read)


class TestDoubts:
    def test_leave_plain_speech_alone(self) -> None:
        assert not doubts(said(WORDS), 4.0)

    def test_leave_an_empty_text_alone(self) -> None:
        assert not doubts(said([]), 4.0)

    @pytest.mark.parametrize("reason", [FinishReason.LOOP, FinishReason.LENGTH])
    def test_rise_where_the_model_did_not_come_to_an_end(self, reason: FinishReason) -> None:
        assert doubts(said(WORDS, reason=reason), 4.0)

    def test_rise_where_the_model_was_unsure(self) -> None:
        assert doubts(said(WORDS, logprob=-1.2), 4.0)

    def test_rise_where_more_was_written_than_can_be_said(self) -> None:
        assert doubts(said(WORDS * 2), 2.0)
        assert not doubts(said(WORDS), 1.2)

    def test_rise_where_the_text_repeats_itself(self) -> None:
        assert doubts(said(WORDS[:5] * 12), 30.0)


class TestBetter:
    def test_is_the_second_attempt_if_nothing_is_wrong_with_it(self) -> None:
        first, second = said(WORDS[:3]), said(WORDS)

        assert better(first, second, second_is_doubtful=False) == (second, first)
        assert better(first, second, second_is_doubtful=True) == (first, second)
