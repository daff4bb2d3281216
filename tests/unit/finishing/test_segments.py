from __future__ import annotations

from math import log

import pytest

from tests.unit.finishing.calls import Said, heard
from workers.finishing.segments import confidence_of, segments_of


class TestSegments:
    def test_are_timed_by_their_first_and_last_speech(self) -> None:
        (segment,) = segments_of(heard(Said(0, 0, 10_000, "hello", speech_ms=[1_200, 2_000, 4_000, 8_500])))

        assert (segment.start_ms, segment.end_ms, segment.speech_ms) == (1_200, 8_500, 5_300)

    def test_are_timed_by_their_chunk_where_no_speech_is_named(self) -> None:
        (segment,) = segments_of(heard(Said(0, 500, 10_000, "hello")))

        assert (segment.start_ms, segment.end_ms, segment.speech_ms) == (500, 10_000, 9_500)

    @pytest.mark.parametrize("text", ["", " ", "\n\u2028"])
    def test_leave_out_chunks_without_text(self, text: str) -> None:
        assert segments_of(heard(Said(0, 0, 1_000, text))) == []

    def test_stand_in_the_order_in_which_they_begin(self) -> None:
        said = [Said(0, 0, 9_000, "first"), Said(0, 9_000, 9_500, "third"), Said(1, 4_000, 9_900, "second")]

        assert [segment.text for segment in segments_of(heard(*said))] == ["first", "second", "third"]

    def test_are_ordered_by_speech_and_not_by_where_the_chunk_was_cut(self) -> None:
        said = [Said(0, 0, 9_000, "second", speech_ms=[5_000, 8_000]), Said(1, 100, 3_000, "first")]

        assert [segment.text for segment in segments_of(heard(*said))] == ["first", "second"]

    def test_that_begin_together_stand_by_channel(self) -> None:
        said = [*heard(Said(1, 0, 1_000, "right")), *heard(Said(0, 0, 2_000, "left"))]

        assert [segment.text for segment in segments_of(said)] == ["left", "right"]


class TestConfidence:
    def test_is_the_geometric_mean_of_the_token_probabilities(self) -> None:
        segments = segments_of(heard(Said(0, 0, 1_000, "hello", token_logprobs=[log(0.9), log(0.4)])))

        assert confidence_of(segments) == 0.6

    def test_weighs_each_token_alike_over_several_segments(self) -> None:
        sure = Said(0, 0, 1_000, "a long and certain part", token_logprobs=[log(1.0)] * 3)
        unsure = Said(0, 1_000, 2_000, "hm", token_logprobs=[log(0.0016)])

        assert confidence_of(segments_of(heard(sure, unsure))) == 0.2

    def test_is_unknown_without_tokens(self) -> None:
        assert confidence_of(segments_of(heard(Said(0, 0, 1_000, "hello")))) is None
