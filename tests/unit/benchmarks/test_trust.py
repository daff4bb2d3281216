from __future__ import annotations

import numpy as np
import pytest

from benchmarks.speech_mixes import Clip
from benchmarks.trust import NOISE_DB, Judged, error_rate_percent, figures_of, noisy, right_order_percent
from models.quality_content import QualityContent


def judged(errors: int, trust: float | None, *, words: int = 10) -> Judged:
    quality: QualityContent = {
        "definitions": 1,
        "trust": trust,
        "spoken_ms": 1_000,
        "doubted_ms": 0,
        "flags": [],
    }
    return Judged(words, errors, quality, confidence=None)


class TestNoise:
    def test_comes_at_each_level_as_hiss_and_as_voices(self) -> None:
        rng = np.random.default_rng(1)
        clips = [Clip(rng.standard_normal(16_000, np.float32) / np.float32(10), text) for text in "abc"]

        made = list(noisy(clips))

        assert len(made) == 3 * (1 + 2 * len(NOISE_DB))
        assert made[0] is clips[0]
        hiss = made[1].samples - clips[0].samples
        assert np.mean(clips[0].samples ** 2) / np.mean(hiss**2) == pytest.approx(
            10 ** (NOISE_DB[0] / 10), rel=0.05
        )


class TestFigures:
    def test_words_are_counted_and_not_clips(self) -> None:
        assert error_rate_percent([judged(1, 1.0, words=2), judged(0, 1.0, words=8)]) == 10.0
        assert error_rate_percent([]) == 0.0

    def test_order_is_right_where_fewer_errors_are_trusted_more(self) -> None:
        assert right_order_percent([judged(0, 1.0), judged(5, 0.5), judged(9, 0.1)]) == 100.0
        assert right_order_percent([judged(0, 0.1), judged(5, 0.5)]) == 0.0
        assert right_order_percent([judged(0, 1.0), judged(5, 1.0)]) == 0.0

    def test_what_is_trusted_and_what_is_doubted_are_told_apart(self) -> None:
        figures = figures_of([judged(1, 1.0), judged(6, 0.2), judged(3, None)])

        assert (figures["trusted_wer_percent"], figures["doubted_wer_percent"]) == (10.0, 45.0)
        assert figures["errors_outside_trusted_percent"] == 90.0
