"""Active speech level by ITU-T P.56, method B, sample by sample: what ours by windows is held against."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

TIME_CONSTANT_S: Final = 0.03
HANGOVER_S: Final = 0.2
MARGIN_DB: Final = 15.9
LOOKS: Final = 1_000
THRESHOLDS: Final = tuple(2.0**-power for power in range(15, 0, -1))
"""From the lowest upwards."""

Wave = npt.NDArray[np.float64]
"""-1 to 1; shape (samples,)."""


def active_speech_level(wave: Wave, *, rate: int) -> float:
    """dBov. Raises `ValueError` where nobody can be told from the noise."""
    envelope = envelope_of(wave, rate)
    energy = float(np.sum(np.square(wave)))
    before: tuple[float, float] | None = None
    for threshold in THRESHOLDS:
        active = active_samples(envelope, threshold, rate)
        level = 10 * float(np.log10(energy / max(active, 1)))
        margin = level - 20 * float(np.log10(threshold))
        if margin <= MARGIN_DB:
            return level if before is None else _between(before, (level, margin))
        before = (level, margin)
    raise ValueError("no threshold is so near to the level above it")


def _between(before: tuple[float, float], after: tuple[float, float]) -> float:
    share = (before[1] - MARGIN_DB) / (before[1] - after[1])
    return before[0] + share * (after[0] - before[0])


def envelope_of(wave: Wave, rate: int) -> Wave:
    """Of the absolute samples two exponential averages, one after the other."""
    decay = np.exp(-1 / (rate * TIME_CONSTANT_S))
    places = np.arange(round(rate * TIME_CONSTANT_S * 20))
    return convolved(np.abs(wave), (1 - decay) ** 2 * (places + 1) * decay**places)


def active_samples(envelope: Wave, threshold: float, rate: int) -> int:
    """Those above the threshold, and those that are not for less than the hangover.

    Looked at once a millisecond, as P.56 allows down to 600 times a second.
    """
    step = rate // LOOKS
    above = np.flatnonzero(envelope[::step] >= threshold)
    if not len(above):
        return 0
    gaps = np.diff(np.append(above, len(envelope[::step])))
    return step * int(np.minimum(gaps, np.ceil(HANGOVER_S * rate / step)).sum())


def convolved(wave: Wave, path: Wave) -> Wave:
    """What comes out behind a filter, as long as what went in."""
    length = 1 << (len(wave) + len(path)).bit_length()
    whole: Wave = np.fft.irfft(np.fft.rfft(wave, length) * np.fft.rfft(path, length), length)
    return whole[: len(wave)]
