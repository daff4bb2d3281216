"""What lossy codecs leave of a channel: GSM, Opus and MP3 at low rates, by libsndfile."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile

Wave = npt.NDArray[np.float64]
CODECS: Final = {"gsm": ("WAV", "GSM610"), "opus": ("OGG", "OPUS"), "mp3": ("MP3", "MPEG_LAYER_III")}
SMALLEST: Final = 0.95
"""libsndfile's word for 8 to 20 kbit/s here; GSM has 13 of its own."""
GSM_RATE: Final = 8_000


def coded(wave: Wave, codec: str, *, rate: int) -> Wave:
    """As long as before; GSM leaves all rates but its own alone. What exceeds full scale is cut."""
    if codec == "gsm" and rate != GSM_RATE:
        return wave
    container, subtype = CODECS[codec]
    level = None if codec == "gsm" else SMALLEST
    file = io.BytesIO()
    cut = np.clip(wave, -1, 1)
    soundfile.write(file, cut, rate, format=container, subtype=subtype, compression_level=level)
    file.seek(0)
    decoded, _ = soundfile.read(file)
    return np.asarray(decoded[: len(wave)], np.float64)
