"""Plain calls, from the sample calls and from real speech; call_faults.py spoils them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile

from benchmarks.p56 import active_speech_level
from models.channel_finding import FindingCode

ROOT: Final = Path(__file__).resolve().parent
SAMPLES: Final = ROOT.parent / "samples"
SPEECH: Final = ROOT / "speech"
TELEPHONE_RATE: Final = 8_000
WIDE_RATE: Final = 16_000
PAUSE_S: Final = 0.5

Wave = npt.NDArray[np.float64]
"""One channel, -1 to 1 where nothing is cut; shape (samples,)."""


@dataclass
class Call:
    """A call on its way through whatever spoils it."""

    name: str
    rate: int
    """Hz, as its header will claim."""
    channels: list[Wave]
    floors: list[float]
    """dBFS of the noise on each channel."""
    truth: set[tuple[int, FindingCode]] = field(default_factory=set)
    noted: dict[str, float] = field(default_factory=dict)
    """What was put in, by name with unit: attenuation, lag, level."""

    @property
    def pcm(self) -> npt.NDArray[np.int16]:
        """Shape (samples, channels); what exceeds full scale is cut, as a converter does."""
        length = min(len(channel) for channel in self.channels)
        waves = np.stack([channel[:length] for channel in self.channels], axis=1)
        return np.clip(np.rint(waves * 32_768), -32_768, 32_767).astype(np.int16)


Rng = np.random.Generator


def plain_call(rng: Rng, *, wide: bool) -> Call:
    """Two parties who take turns, at usual levels, over a little noise; nothing is wrong with it."""
    rate = WIDE_RATE if wide else TELEPHONE_RATE
    waves = wide_parties(rng) if wide else telephone_parties(rng)
    waves = [at_level(wave, rng.uniform(-32, -20), rate=rate) for wave in waves]
    # A plain call is not cut: peaks of synthetic voices reach far above their level.
    waves = [wave * min(1.0, 0.9 / np.abs(wave).max()) for wave in waves]
    floors = [float(rng.uniform(-75, -55)) for _ in waves]
    noisy = [add_noise(wave, rng, floor) for wave, floor in zip(waves, floors, strict=True)]
    return Call("plain", rate, noisy, floors)


def telephone_parties(rng: Rng) -> list[Wave]:
    """One of the sample calls, begun at some moment and gone on with from its start; either party first."""
    samples = sample_call(int(rng.integers(2)))
    turned = np.roll(samples, -int(rng.uniform(0, 1) * len(samples)), axis=0)
    left = int(rng.integers(2))
    return [turned[:, left].copy(), turned[:, 1 - left].copy()]


def wide_parties(rng: Rng) -> list[Wave]:
    """Recordings of people, one after another on alternating channels."""
    clips = real_speech()
    order = rng.permutation(len(clips))
    silence = np.zeros(int(PAUSE_S * WIDE_RATE))
    parties: list[list[Wave]] = [[], []]
    for turn, place in enumerate(order):
        speaking, listening = parties[turn % 2], parties[1 - turn % 2]
        speaking += [clips[place], silence]
        listening += [np.zeros(len(clips[place])), silence]
    return [np.concatenate(party) for party in parties]


@cache
def sample_call(number: int) -> npt.NDArray[np.float64]:
    samples, _ = soundfile.read(SAMPLES / f"{('call_en', 'call_zh')[number]}.wav")
    return np.asarray(samples, np.float64)


@cache
def real_speech() -> list[Wave]:
    """Each at the usual level, so that no party is quieter for having been recorded elsewhere."""
    names = [clip["clip"] for clip in json.loads((SPEECH / "clips.json").read_text())]
    return [at_level(soundfile.read(SPEECH / f"{name}.flac")[0], -26, rate=WIDE_RATE) for name in names]


def at_level(wave: Wave, level_dbfs: float, *, rate: int) -> Wave:
    return wave * 10 ** ((level_dbfs - active_speech_level(wave, rate=rate)) / 20)


def add_noise(wave: Wave, rng: Rng, level_dbfs: float) -> Wave:
    return wave + rng.normal(0, 10 ** (level_dbfs / 20), len(wave))
