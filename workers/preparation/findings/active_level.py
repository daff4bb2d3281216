"""How loud a party speaks, long pauses left out: ITU-T P.56's active speech level, by windows of 32 ms."""

from __future__ import annotations

from typing import Final

import numpy as np

from workers.preparation.findings.heard_channel import Choice, HeardChannel, decibels
from workers.preparation.windows import WINDOW_MS, Figures

MARGIN: Final = 10 ** (15.9 / 10)
"""Speech is what is at most 15.9 dB below its own mean (P.56, method B) ..."""
HANGOVER: Final = 200 // WINDOW_MS
"""... and the 200 ms behind it: pauses between words belong to it. In windows."""
MOST_ROUNDS: Final = 30


def active_level(channel: HeardChannel) -> float:
    """dBFS (0 is a square wave of full amplitude, P.56's dBov) of what voice activity calls speech.

    P.56's envelope has a time constant of 30 ms; here it is a window's root mean square. What
    voice activity calls no speech is taken for silence, so that tones do not count.
    """
    return decibels(active_power(np.where(channel.speech, channel.windows.powers, np.float32(0))))


def active_power(powers: Figures) -> float:
    """Mean over the windows that are within the margin of this very mean, and over those behind them."""
    threshold = 0.0
    for _ in range(MOST_ROUNDS):
        active = held(powers > threshold)
        if not active.any():
            break
        raised = float(powers[active].mean()) / MARGIN
        if raised <= threshold * 1.0001:
            break
        threshold = raised
    return threshold * MARGIN


def held(chosen: Choice) -> Choice:
    """The chosen ones and the next few behind each."""
    behind = np.concatenate([np.zeros(HANGOVER, np.bool_), chosen])
    together: Choice = np.logical_or.reduce(
        [behind[HANGOVER - step : len(behind) - step] for step in range(HANGOVER + 1)]
    )
    return together
