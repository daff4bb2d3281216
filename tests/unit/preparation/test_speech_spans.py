from __future__ import annotations

import numpy as np
import silero_vad
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.preparation.speech_spans import Span, find_speech
from workers.preparation.voice_activity import WINDOW_MS

SURE, UNSURE, SILENT = 0.9, 0.4, 0.1


def spans_in(probabilities: list[float], *, short_of_last_ms: int = 0) -> list[tuple[int, int]]:
    duration_ms = len(probabilities) * WINDOW_MS - short_of_last_ms
    spans = find_speech(np.array(probabilities, np.float32), duration_ms=duration_ms)
    return [(span.start_ms, span.end_ms) for span in spans]


def silero_spans(probabilities: list[float], *, short_of_last_ms: int = 0) -> list[tuple[int, int]]:
    samples = (len(probabilities) * WINDOW_MS - short_of_last_ms) * 16
    spans = silero_vad.get_speech_timestamps_from_probs(
        np.array(probabilities, np.float32).tolist(), audio_length_samples=samples
    )
    return [(span["start"] // 16, span["end"] // 16) for span in spans]


class TestFindSpeech:
    def test_silence_holds_none(self) -> None:
        assert spans_in([SILENT] * 100) == []

    def test_nothing_holds_none(self) -> None:
        assert spans_in([]) == []

    def test_speech_is_padded(self) -> None:
        assert spans_in([SILENT] * 10 + [SURE] * 20 + [SILENT] * 10) == [(320 - 30, 960 + 30)]

    def test_speech_to_the_edges_is_not_padded_beyond_them(self) -> None:
        assert spans_in([SURE] * 20, short_of_last_ms=5) == [(0, 635)]

    def test_a_short_doubt_does_not_end_speech(self) -> None:
        assert spans_in([SURE] * 10 + [SILENT] * 3 + [SURE] * 10) == [(0, 736)]

    def test_a_long_half_doubt_does_not_end_speech(self) -> None:
        assert spans_in([SURE] * 10 + [UNSURE] * 50 + [SURE] * 10) == [(0, 2_240)]

    def test_a_click_is_no_speech(self) -> None:
        assert spans_in([SILENT] * 10 + [SURE] * 7 + [SILENT] * 10) == []

    def test_close_neighbours_share_the_pause_between_them(self) -> None:
        spans = find_speech(
            np.array([SURE] * 10 + [SILENT] * 5 + [SURE] * 10, np.float32), duration_ms=25 * WINDOW_MS
        )

        assert [span.duration_ms for span in spans] == [350, 350]
        assert spans == (Span(0, 350), Span(450, 800))

    @settings(deadline=None)
    @given(
        probabilities=st.lists(
            st.tuples(st.floats(0, 1, width=32), st.integers(1, 12)).map(lambda run: [run[0]] * run[1])
        ).map(lambda runs: [probability for run in runs for probability in run]),
        short_of_last_ms=st.integers(0, 31),
    )
    def test_agrees_with_silero_itself(self, probabilities: list[float], short_of_last_ms: int) -> None:
        if not probabilities:
            short_of_last_ms = 0

        ours = spans_in(probabilities, short_of_last_ms=short_of_last_ms)

        assert ours == silero_spans(probabilities, short_of_last_ms=short_of_last_ms)
