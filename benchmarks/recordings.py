"""Recordings to measure with, cut out of the English sample call."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile

SAMPLES: Final = Path(__file__).resolve().parents[1] / "samples"

Pcm = npt.NDArray[np.int16]


def write_piece(path: Path, *, start: float, seconds: float) -> Path:
    """Some seconds of the call as WAV with both its channels; it begins anew where it ends."""
    samples, rate = _call()
    wanted = np.arange(int(start * rate), int((start + seconds) * rate)) % len(samples)
    soundfile.write(path, samples[wanted], rate, subtype="PCM_16")
    return path


@cache
def _call() -> tuple[Pcm, int]:
    samples, rate = soundfile.read(SAMPLES / "call_en.wav", dtype="int16")
    return samples, rate
