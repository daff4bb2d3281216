from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soxr

from tests.unit.preparation.findings.hearing import RATE, Wave, heard, voice
from workers.preparation.findings.narrowband import find_narrowband

WIDE = voice(6, seconds=5)
TELEPHONE = soxr.resample(WIDE, RATE, RATE // 2)
TIMES = np.arange(len(WIDE)) / 2
UPSAMPLED = {
    "well": soxr.resample(TELEPHONE, RATE // 2, RATE),
    "by repetition": TELEPHONE.repeat(2),
    "by straight lines": np.interp(TIMES, np.arange(len(TELEPHONE)), TELEPHONE),
    "by zeros": np.stack([TELEPHONE, np.zeros(len(TELEPHONE))], axis=1).reshape(-1),
}


class TestNarrowband:
    @pytest.mark.parametrize("wave", UPSAMPLED.values(), ids=UPSAMPLED)
    def test_is_told_of_upsampled_telephone_sound(self, wave: Wave, tmp_path: Path) -> None:
        [channel] = heard(tmp_path, wave)

        assert find_narrowband(channel, sample_rate=44_100) is not None

    def test_is_not_told_of_wide_sound(self, tmp_path: Path) -> None:
        [channel] = heard(tmp_path, WIDE)

        assert find_narrowband(channel, sample_rate=16_000) is None

    def test_is_no_news_of_a_file_that_claims_8_khz(self, tmp_path: Path) -> None:
        [channel] = heard(tmp_path, UPSAMPLED["well"])

        assert find_narrowband(channel, sample_rate=8_000) is None

    def test_cannot_be_told_where_nobody_speaks(self, tmp_path: Path) -> None:
        [channel] = heard(tmp_path, UPSAMPLED["well"], speech=[False])

        assert find_narrowband(channel, sample_rate=16_000) is None
