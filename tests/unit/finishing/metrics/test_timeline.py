from __future__ import annotations

from itertools import pairwise

from hypothesis import given

from tests.unit.finishing.metrics.conversations import calls, spans
from workers.finishing.metrics.call import Call
from workers.finishing.metrics.spans import Span, Talk, total_ms, union_of
from workers.finishing.metrics.timeline import Piece, overlaps, silences, timeline_of


def talk_of(call: Call) -> Talk:
    return {voice.channel: union_of(voice.speech, duration_ms=call.duration_ms) for voice in call.voices}


class TestTimeline:
    def test_is_cut_wherever_somebody_begins_or_ends(self) -> None:
        talk = {0: spans([(10, 30)]), 1: spans([(20, 40)])}

        assert timeline_of(talk, duration_ms=50) == [
            Piece(Span(0, 10), frozenset()),
            Piece(Span(10, 20), frozenset({0})),
            Piece(Span(20, 30), frozenset({0, 1})),
            Piece(Span(30, 40), frozenset({1})),
            Piece(Span(40, 50), frozenset()),
        ]

    def test_is_one_silence_where_nobody_speaks(self) -> None:
        assert timeline_of({0: [], 1: []}, duration_ms=50) == [Piece(Span(0, 50), frozenset())]

    def test_of_nothing_is_empty(self) -> None:
        assert timeline_of({0: []}, duration_ms=0) == []

    @given(calls())
    def test_fills_the_recording_without_a_gap(self, call: Call) -> None:
        pieces = timeline_of(talk_of(call), duration_ms=call.duration_ms)

        assert (pieces[0].span.start_ms, pieces[-1].span.end_ms) == (0, call.duration_ms)
        for before, after in pairwise(pieces):
            assert before.span.end_ms == after.span.start_ms
            assert before.speaking != after.speaking

    @given(calls())
    def test_times_with_exactly_n_speakers_add_up(self, call: Call) -> None:
        talk = talk_of(call)

        pieces = timeline_of(talk, duration_ms=call.duration_ms)

        exactly = [total_ms(piece.span for piece in pieces if len(piece.speaking) == n) for n in range(5)]
        assert sum(exactly) == call.duration_ms
        assert sum(n * time for n, time in enumerate(exactly)) == sum(map(total_ms, talk.values()))
        assert exactly[0] == total_ms(silences(pieces))
        assert sum(exactly[2:]) == total_ms(piece.span for piece in overlaps(pieces))

    @given(calls(fewest=2))
    def test_names_those_who_speak(self, call: Call) -> None:
        for piece in timeline_of(talk_of(call), duration_ms=call.duration_ms):
            speaking = {
                voice.channel
                for voice in call.voices
                if any(span.start_ms <= piece.span.start_ms < span.end_ms for span in voice.speech)
            }
            assert piece.speaking == speaking


class TestOverlaps:
    def test_begin_anew_when_a_third_party_comes(self) -> None:
        talk = {0: spans([(0, 30)]), 1: spans([(10, 30)]), 2: spans([(20, 30)])}

        found = overlaps(timeline_of(talk, duration_ms=30))

        assert found == [
            Piece(Span(10, 20), frozenset({0, 1})),
            Piece(Span(20, 30), frozenset({0, 1, 2})),
        ]
