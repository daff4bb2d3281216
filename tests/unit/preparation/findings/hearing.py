"""Channels as the findings see them, made of waves; what is loud counts as speech unless told otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from tests.unit.preparation.recordings import channel_file
from workers.preparation.findings.heard_channel import HeardChannel
from workers.preparation.speech_spans import find_speech
from workers.preparation.windows import WINDOW_SAMPLES, measure

RATE: Final = 16_000
SPEECH_LEVEL: Final = 10 ** (-50 / 20)

Wave = npt.NDArray[np.float64]
"""-1 to 1, 16 kHz; shape (samples,)."""


def heard(folder: Path, *waves: Wave, speech: Sequence[bool] | None = None) -> list[HeardChannel]:
    """One channel for each wave; `speech` says of each channel whether anybody is ever heard on it."""
    return [
        heard_channel(folder, index, wave, speech=speech is None or speech[index])
        for index, wave in enumerate(waves)
    ]


def heard_channel(folder: Path, index: int, wave: Wave, *, speech: bool = True) -> HeardChannel:
    samples = np.clip(np.rint(wave * 32_768), -32_768, 32_767).astype(np.int16)
    file = channel_file(folder / f"{index}.pcm", samples)
    windows = measure(file)
    probabilities = np.zeros(-(-len(samples) // WINDOW_SAMPLES), np.float32)
    if speech:
        probabilities[: len(windows.levels)] = windows.levels > SPEECH_LEVEL
    spans = find_speech(probabilities, duration_ms=file.duration_ms)
    return HeardChannel(index, file, windows, probabilities, spans)


def voice(seed: int, *, seconds: float, level_dbfs: float = -26.0) -> Wave:
    """Noise like a voice: syllables four times a second, most of its power below 1 kHz."""
    rng = np.random.default_rng(seed)
    count = int(seconds * RATE)
    frequencies = np.fft.rfftfreq(count, 1 / RATE)
    spectrum = np.fft.rfft(rng.normal(0, 1, count)) / (1 + (frequencies / 500) ** 2)
    wave = np.fft.irfft(spectrum * (frequencies > 100), count)
    wave *= 0.6 + 0.4 * np.sin(2 * np.pi * 4 * np.arange(count) / RATE + rng.uniform(0, 6))
    loud: Wave = wave * 10 ** (level_dbfs / 20) / np.sqrt(np.mean(wave**2))
    return loud


def silence(seconds: float) -> Wave:
    return np.zeros(int(seconds * RATE))


def noise(seed: int, *, seconds: float, level_dbfs: float) -> Wave:
    return np.random.default_rng(seed).normal(0, 10 ** (level_dbfs / 20), int(seconds * RATE))


def turns(*, seconds: float = 4.0, count: int = 3) -> tuple[Wave, Wave]:
    """Two parties, one after the other."""
    first = [voice(turn, seconds=seconds) for turn in range(count)]
    second = [voice(100 + turn, seconds=seconds) for turn in range(count)]
    pause = silence(seconds)
    return (
        np.concatenate([part for turn in first for part in (turn, pause)]),
        np.concatenate([part for turn in second for part in (pause, turn)]),
    )


def delayed(wave: Wave, *, milliseconds: float) -> Wave:
    lag = round(milliseconds * RATE / 1000)
    return np.concatenate([np.zeros(lag), wave])[: len(wave)]


def fainter(wave: Wave, *, decibels: float) -> Wave:
    return wave * 10 ** (-decibels / 20)
