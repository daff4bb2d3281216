"""How much of one channel is found in another, how much later, and how much fainter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from workers.preparation.findings.blocks import BLOCK_SAMPLES, DECIMATION, RATE, Blocks

LENGTH: Final = 2 * BLOCK_SAMPLES // DECIMATION
"""Of the transforms: a block and as much silence, so that nothing wraps around."""
BAND: Final = slice(150 * LENGTH // RATE, 1_500 * LENGTH // RATE)
"""150 to 1,500 Hz: below is hum, above is what decimation mirrored."""
FINENESS: Final = 4
"""Lags for each sample, 1/16 ms apart: half a sample off, a quarter of the likeness is lost."""
NEARBY_MS: Final = 15
"""Around its peak a voice's correlation is high anyway."""
TINY: Final = 1e-9

Spectra = npt.NDArray[np.complex64]
"""Of the band; shape (blocks, bins)."""
Curve = npt.NDArray[np.float32]
"""One value for each lag or each block."""


@dataclass(frozen=True, slots=True)
class Match:
    """The lag at which the second channel resembles the first one most."""

    lag_ms: float
    """Positive where the second channel is later."""
    correlation: float
    """Mean over the blocks of their correlation at this lag, 0 to 1, whatever the sign."""
    prominence: float
    """That, in multiples of what the other lags have (root mean square)."""
    gain: float
    """Amplitude of the first channel's copy in the second one."""
    weakest: float
    """Correlation of the block that has least of it, but for one in ten."""


def match(first: Blocks, second: Blocks, *, earliest_ms: int, latest_ms: int) -> Match:
    """The same blocks of both, at least one; the lag is searched from `earliest_ms` to `latest_ms`."""
    spectra = _in_band(first), _in_band(second)
    cross = np.conj(spectra[0]) * spectra[1]
    energies = _energies(spectra[0]), _energies(spectra[1])
    norms = np.maximum(np.sqrt(energies[0] * energies[1]), TINY)
    lags = np.arange(earliest_ms * RATE * FINENESS // 1000, latest_ms * RATE * FINENESS // 1000 + 1)
    covered = (1 - np.abs(lags) / (FINENESS * LENGTH / 2)).astype(np.float32)
    # Every block counts the same, however loud.
    curve = np.abs(_by_lag((cross / norms[:, None]).mean(axis=0), lags)) / covered
    best = int(curve.argmax())
    at_best = np.abs(_at_lag(cross, lags[best] / FINENESS)) / covered[best]
    return Match(
        lag_ms=float(lags[best]) * 1000 / (RATE * FINENESS),
        correlation=float(curve[best]),
        prominence=float(curve[best]) / max(_background(curve, best), TINY),
        gain=float(np.abs(_at_lag(cross, lags[best] / FINENESS).sum()) / covered[best])
        / max(float(energies[0].sum()), TINY),
        weakest=float(np.quantile(at_best / norms, 0.1)),
    )


def _in_band(blocks: Blocks) -> Spectra:
    return np.fft.rfft(blocks, LENGTH, axis=1)[:, BAND].astype(np.complex64, copy=False)


def _energies(spectra: Spectra) -> Curve:
    energies: Curve = np.square(np.abs(spectra)).sum(axis=1)
    return energies


def _by_lag(cross: npt.NDArray[np.complex64], lags: npt.NDArray[np.int64]) -> Curve:
    """One cross spectrum as correlation at each lag, in fractions of a sample."""
    whole = np.zeros(FINENESS * LENGTH // 2 + 1, np.complex64)
    whole[BAND] = cross
    curve = np.fft.irfft(whole, FINENESS * LENGTH)[lags] * (FINENESS * LENGTH / 2)
    return curve.astype(np.float32)


def _at_lag(cross: Spectra, lag: float) -> Curve:
    """The same of each block at one lag, in samples."""
    bins = np.arange(BAND.start, BAND.stop, dtype=np.float32)
    phases = np.exp(np.complex64(2j * np.pi * lag / LENGTH) * bins)
    # Not by `@`: for so little BLAS would wake all its threads.
    curve: Curve = np.einsum("ij,j->i", cross, phases).real
    return curve


def _background(curve: npt.NDArray[np.floating], place: int) -> float:
    away = np.abs(np.arange(len(curve)) - place) > NEARBY_MS * RATE * FINENESS // 1000
    return float(np.sqrt(np.mean(np.square(curve[away])))) if away.any() else 0.0
