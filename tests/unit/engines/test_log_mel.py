from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import WhisperFeatureExtractor

from workers.engines.log_mel import WINDOW, LogMel

CPU = torch.device("cpu")


@pytest.fixture(scope="module", params=[80, 128])
def extractor(request: pytest.FixtureRequest) -> WhisperFeatureExtractor:
    return WhisperFeatureExtractor(feature_size=request.param)


class TestLogMel:
    def test_equals_the_reference_for_every_length(self, extractor: WhisperFeatureExtractor) -> None:
        random = np.random.default_rng(5)
        clips = [random.normal(0, 0.1, length).astype(np.float32) for length in (WINDOW, 123_457, 3_200)]
        expected = extractor(clips, sampling_rate=16_000, return_tensors="pt").input_features

        found = LogMel(extractor.mel_filters, CPU)(clips)

        torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)

    def test_of_one_clip_does_not_depend_on_the_others(self, extractor: WhisperFeatureExtractor) -> None:
        log_mel = LogMel(extractor.mel_filters, CPU)
        quiet = np.random.default_rng(5).normal(0, 0.001, 16_000).astype(np.float32)
        loud = np.random.default_rng(6).normal(0, 0.5, 48_000).astype(np.float32)

        alone, together = log_mel([quiet])[0], log_mel([loud, quiet])[1]

        torch.testing.assert_close(together, alone)
