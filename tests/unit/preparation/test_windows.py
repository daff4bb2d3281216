from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.preparation.recordings import channel_file
from workers.preparation.windows import WINDOW_SAMPLES, WINDOWS_PER_BLOCK, measure


class TestWindows:
    @given(
        samples=st.lists(st.integers(-32_768, 32_767), min_size=1, max_size=40),
        windows=st.integers(0, 3),
    )
    def test_have_root_mean_square_and_largest_sample(
        self, samples: list[int], windows: int, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        pcm = np.resize(np.array(samples, np.int16), windows * WINDOW_SAMPLES + 5)

        measured = measure(channel_file(tmp_path_factory.mktemp("channel") / "0", pcm))

        parts = pcm[: windows * WINDOW_SAMPLES].reshape(windows, WINDOW_SAMPLES) / 32_768
        np.testing.assert_allclose(measured.levels, np.sqrt((parts**2).mean(axis=1)), rtol=1e-4)
        np.testing.assert_allclose(measured.peaks, np.abs(parts).max(axis=1), rtol=1e-6)

    def test_go_on_from_block_to_block(self, tmp_path: Path) -> None:
        count = WINDOWS_PER_BLOCK + 3
        pcm = np.repeat(np.arange(count, dtype=np.int16), WINDOW_SAMPLES)

        measured = measure(channel_file(tmp_path / "0", pcm))

        np.testing.assert_allclose(measured.peaks * 32_768, np.arange(count), rtol=1e-6)
