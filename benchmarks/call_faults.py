"""Calls whose faults are known, since they were put in, by seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import soxr

from benchmarks.companding import mu_law
from benchmarks.known_calls import (
    TELEPHONE_RATE,
    WIDE_RATE,
    Call,
    Rng,
    Wave,
    add_noise,
    at_level,
    plain_call,
)
from benchmarks.lossy import CODECS, coded
from benchmarks.p56 import active_speech_level, convolved
from models.channel_finding import FindingCode

TOO_LOUD_DBFS: Final = -14.0
CODED_SHARE: Final = 0.4

Mangle = Callable[[Call, Rng], None]


def calls(count: int, *, seed: int) -> Iterator[Call]:
    """As many calls, every way of spoiling one in turn; the same seed gives the same calls."""
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        name, mangle = MANGLES[number % len(MANGLES)]
        call = plain_call(rng, wide=name in WIDE or (name in EITHER and rng.random() < 0.5))
        call.name = f"{number:03} {name}"
        mangle(call, rng)
        if name in CODED and rng.random() < CODED_SHARE:
            codec = str(rng.choice(list(CODECS)))
            call.name += f" by {codec}"
            # Each leg by itself, as it came over the line.
            call.channels = [coded(wave, codec, rate=call.rate) for wave in call.channels]
        yield call


def leave_alone(_call: Call, _rng: Rng) -> None:
    """Nothing is wrong."""


def through_exchange(call: Call, _rng: Rng) -> None:
    """Companded; nothing is wrong with that either."""
    call.channels = [mu_law(wave) for wave in call.channels]


def same_on_both(call: Call, rng: Rng) -> None:
    mixed = call.channels[0] + call.channels[1]
    mixed = at_level(mixed, -26, rate=call.rate)
    gain = 10 ** (rng.uniform(-10, 0) / 20)
    lag = int(rng.choice([0, 0, 1, 7, 40, 160])) * call.rate // TELEPHONE_RATE
    pair = [mixed, gain * np.concatenate([np.zeros(lag), mixed])[: len(mixed)]]
    pair = [add_noise(wave, rng, rng.uniform(-80, -60)) for wave in pair]
    call.channels = [mu_law(wave) for wave in pair] if rng.random() < 0.5 else pair
    call.truth |= {(0, FindingCode.DUAL_MONO), (1, FindingCode.DUAL_MONO)}


def nobody_on_one(call: Call, rng: Rng) -> None:
    place = int(rng.integers(2))
    length = len(call.channels[place])
    kind = rng.integers(4)
    if kind == 0:
        call.channels[place] = np.zeros(length)
    elif kind == 1:
        call.channels[place] = np.full(length, rng.uniform(-0.1, 0.1))
    elif kind == 2:
        call.channels[place] = rng.normal(0, 10 ** (rng.uniform(-80, -45) / 20), length)
    else:
        hum = np.sin(2 * np.pi * 50 * np.arange(length) / call.rate)
        call.channels[place] = add_noise(10 ** (rng.uniform(-60, -40) / 20) * hum, rng, -75)
    call.truth.add((place, FindingCode.DEAD_CHANNEL))


def echo_into_one(call: Call, rng: Rng) -> None:
    place = int(rng.integers(2))
    source = call.channels[1 - place]
    # What lies below the noise of the line nobody hears.
    audible = active_speech_level(source, rate=call.rate) - call.floors[place]
    attenuation, lag_ms = rng.uniform(5, min(35, audible)), rng.uniform(0, 400)
    lag = int(lag_ms * call.rate / 1000)
    path = np.zeros(lag + call.rate // 100)
    path[lag] = 1.0
    if rng.random() < 0.5:
        tail = rng.normal(0, 1, len(path) - lag - 1) * np.exp(-np.arange(len(path) - lag - 1) / 16)
        path[lag + 1 :] = 0.3 * tail
    copy = convolved(source, path) * 10 ** (-attenuation / 20) * rng.choice([-1, 1])
    call.channels[place] = call.channels[place] + copy
    if rng.random() < 0.5:
        call.channels = [mu_law(wave) for wave in call.channels]
    call.truth.add((place, FindingCode.BLEED))
    call.noted |= {"attenuation_db": attenuation, "lag_ms": lag_ms}


def echo_into_both(call: Call, rng: Rng) -> None:
    first, second = call.channels
    for place, source in ((0, second), (1, first)):
        attenuation, lag = rng.uniform(8, 30), int(rng.uniform(0, 0.3) * call.rate)
        copy = np.concatenate([np.zeros(lag), source])[: len(source)] * 10 ** (-attenuation / 20)
        call.channels[place] = call.channels[place][: len(copy)] + copy[: len(call.channels[place])]
        call.truth.add((place, FindingCode.BLEED))


def both_in_one(call: Call, rng: Rng) -> None:
    """One track has the whole call, the other one party."""
    place = int(rng.integers(2))
    mixed = call.channels[0] + call.channels[1]
    call.channels[place] = mixed
    call.channels = [wave * min(1.0, 0.9 / np.abs(mixed).max()) for wave in call.channels]
    call.truth.add((place, FindingCode.BLEED))
    call.noted |= {"attenuation_db": 0.0, "lag_ms": 0.0}


def ringing_on_both(call: Call, rng: Rng) -> None:
    """A ring-back tone and the mains' hum on both tracks: nobody is heard where he is not."""
    times = np.arange(len(call.channels[0])) / call.rate
    tone = (np.sin(2 * np.pi * 440 * times) + np.sin(2 * np.pi * 480 * times)) * 0.03 * (times < 2)
    hum = 10 ** (rng.uniform(-60, -45) / 20) * np.sin(2 * np.pi * 50 * times)
    call.channels = [wave[: len(times)] + (tone + hum)[: len(wave)] for wave in call.channels]


def overdriven(call: Call, rng: Rng) -> None:
    """Cut by 6 to 16 dB; too loud as well where that brings it so far."""
    place = int(rng.integers(2))
    wave = call.channels[place] / np.abs(call.channels[place]).max()
    driven = (np.clip(wave * 10 ** (drive / 20), -1, 1) for drive in rng.uniform(6, 16, 50))
    call.channels[place] = next(cut for cut in driven if not is_doubtful(cut, call.rate))
    call.truth.add((place, FindingCode.CLIPPING))
    note_level(call, place)


def normalised(call: Call, _rng: Rng) -> None:
    """To full scale and no further: nothing is cut."""
    for place in (0, 1):
        wave = call.channels[place] / np.abs(call.channels[place]).max()
        call.channels[place] = wave / 1.5 if is_doubtful(wave, call.rate) else wave
        note_level(call, place)


def faint(call: Call, rng: Rng) -> None:
    place = int(rng.integers(2))
    level = rng.uniform(-58, -43)
    call.channels[place] = at_level(call.channels[place], level, rate=call.rate)
    call.truth.add((place, FindingCode.LOW_LEVEL))
    call.noted["level_dbfs"] = level


def loud(call: Call, rng: Rng) -> None:
    """Through a compressor that evens out a voice and cuts nothing."""
    place = int(rng.integers(2))
    wave = call.channels[place]
    tail = np.exp(-np.arange(call.rate // 4) / (call.rate * 0.03))
    envelope = np.sqrt(convolved(np.square(wave), tail / tail.sum()))
    even = wave / np.maximum(envelope, np.quantile(envelope, 0.9) / 3)
    call.channels[place] = 0.98 * np.tanh(1.2 * even / np.abs(even).max()) / np.tanh(1.2)
    note_level(call, place)
    call.noted["level_dbfs"] = active_speech_level(call.channels[place], rate=call.rate)


def upsampled(call: Call, rng: Rng) -> None:
    """Telephone sound in a file that claims more, by a good resampler or by bad ones."""
    rate = int(rng.choice([16_000, 44_100, 48_000]))
    kind = int(rng.integers(3))
    call.channels = [_upsampled(wave, rate, kind) for wave in call.channels]
    call.rate = rate
    call.truth |= {(0, FindingCode.NARROWBAND), (1, FindingCode.NARROWBAND)}


def _upsampled(wave: Wave, rate: int, kind: int) -> Wave:
    if kind == 0:
        resampled: Wave = soxr.resample(wave, TELEPHONE_RATE, rate)
        return resampled
    times = np.arange(int(len(wave) * rate / TELEPHONE_RATE)) * TELEPHONE_RATE / rate
    if kind == 1:
        return wave[times.astype(np.int64)]
    return np.interp(times, np.arange(len(wave)), wave)


def wide_and_more(call: Call, rng: Rng) -> None:
    """Real 16 kHz speech, at a studio's rate."""
    rate = int(rng.choice([16_000, 44_100, 48_000]))
    call.channels = [soxr.resample(wave, WIDE_RATE, rate) for wave in call.channels]
    call.rate = rate


def talking_over(call: Call, _rng: Rng) -> None:
    """Both speak all the time, of different things: nothing is wrong with the channels."""
    call.channels = [
        np.concatenate([wave[len(wave) // 3 :], wave[: len(wave) // 3]]) for wave in call.channels
    ]
    call.channels[1] = call.channels[1][::-1].copy()


def note_level(call: Call, place: int) -> None:
    """Whether a voice has become too loud."""
    if active_speech_level(call.channels[place], rate=call.rate) > TOO_LOUD_DBFS:
        call.truth.add((place, FindingCode.HIGH_LEVEL))


def is_doubtful(wave: Wave, rate: int) -> bool:
    """So near to the limit that measures which are made otherwise may disagree."""
    return abs(active_speech_level(wave, rate=rate) - TOO_LOUD_DBFS) < 1


MANGLES: Final[tuple[tuple[str, Mangle], ...]] = (
    ("plain", leave_alone),
    ("dual mono", same_on_both),
    ("dead channel", nobody_on_one),
    ("echo", echo_into_one),
    ("overdriven", overdriven),
    ("faint", faint),
    ("upsampled", upsampled),
    ("companded", through_exchange),
    ("loud", loud),
    ("echo both ways", echo_into_both),
    ("wideband", wide_and_more),
    ("normalised", normalised),
    ("talking over", talking_over),
    ("both in one", both_in_one),
    ("ringing", ringing_on_both),
)
WIDE: Final = frozenset({"wideband"})
EITHER: Final = frozenset(
    {"plain", "dual mono", "dead channel", "echo", "overdriven", "faint", "loud", "normalised"}
)
"""Telephone or wideband, by chance; the others are telephone calls."""
CODED: Final = frozenset(
    {
        "plain",
        "dual mono",
        "dead channel",
        "echo",
        "echo both ways",
        "faint",
        "both in one",
        "ringing",
        "talking over",
    }
)
"""Some of these go through a lossy codec; it would blunt what is cut, and widen what is narrow."""
