"""Log-mel spectrograms of a whole batch, on the model's own device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from workers.engines.base import MAX_CHUNK_SECONDS, SAMPLE_RATE, Samples

WINDOW: Final = int(MAX_CHUNK_SECONDS * SAMPLE_RATE)
_FFT: Final = 400
_HOP: Final = 160


class LogMel:
    """The same numbers as `WhisperFeatureExtractor`, which works on the CPU, one clip after another."""

    def __init__(self, filters: npt.NDArray[np.float64], device: torch.device) -> None:
        self._filters = torch.from_numpy(filters).to(device, torch.float32).T
        self._window = torch.hann_window(_FFT, device=device)

    def __call__(self, clips: Sequence[Samples]) -> torch.Tensor:
        """Shape (clips, bins, 3000), float32; every clip is padded to the window of 30 s."""
        padded = np.zeros((len(clips), WINDOW), np.float32)
        for row, clip in zip(padded, clips, strict=True):
            row[: len(clip)] = clip
        return self.of_waves(torch.from_numpy(padded).to(self._window.device))

    @property
    def bins(self) -> int:
        return self._filters.shape[0]

    def of_waves(self, waves: torch.Tensor) -> torch.Tensor:
        """The same of clips that lie padded on the device already; waves: (clips, 480000), float32."""
        spectrum = torch.stft(waves, _FFT, _HOP, window=self._window, return_complex=True)
        power = spectrum[..., :-1].abs().square()
        loudness = (self._filters @ power).clamp(min=1e-10).log10()
        # Each clip's own maximum, so that no clip depends on its neighbours.
        loudness = torch.maximum(loudness, loudness.amax(dim=(1, 2), keepdim=True) - 8.0)
        return (loudness + 4.0) / 4.0
