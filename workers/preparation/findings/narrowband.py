"""Telephone sound that claims to be more: upsampled, with or without mirror images."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from models.channel_finding import FindingCode, Severity
from workers.engines.base import SAMPLE_RATE
from workers.preparation.channel_file import Mono
from workers.preparation.findings.finding import Finding
from workers.preparation.findings.heard_channel import HeardChannel, decibels
from workers.preparation.findings.sampling import evenly, read_rows
from workers.preparation.windows import WINDOW_SAMPLES

WIDEBAND_RATE: Final = 12_000
"""Hz; a recording that claims less claims nothing above the telephone's band."""
BIN_HZ: Final = SAMPLE_RATE / WINDOW_SAMPLES
TELEPHONE: Final = slice(round(500 / BIN_HZ), round(3_400 / BIN_HZ))
ABOVE: Final = slice(round(4_600 / BIN_HZ), round(7_500 / BIN_HZ))
"""Mirrored at 4 kHz these bins are the telephone band again: 8,000 Hz less each of them."""
EMPTY_DB: Final = -50.0
MIRRORED: Final = 0.5
"""Coherence of the upper band with the lower one, reversed: 1 for images, 1 / windows for speech."""
MOST_WINDOWS: Final = 128

Spectra = npt.NDArray[np.complex64]
"""Shape (windows, bins)."""


def find_narrowband(channel: HeardChannel, *, sample_rate: int) -> Finding | None:
    """`sample_rate` is what the recording claims, Hz."""
    if sample_rate < WIDEBAND_RATE or not channel.has_voice:
        return None
    chosen = evenly(np.flatnonzero(channel.speech), MOST_WINDOWS)
    spectra = spectra_of(read_rows(channel.file, chosen, samples=WINDOW_SAMPLES))
    above_db, mirrored = band_above_db(spectra), mirror_coherence(spectra)
    if above_db >= EMPTY_DB and mirrored < MIRRORED:
        return None
    message = f"It claims {sample_rate} Hz and holds telephone sound: nothing of its own above 4 kHz."
    measures = {
        "claimed_hz": float(sample_rate),
        "above_4khz_db": above_db,
        "mirrored_percent": 100 * mirrored,
    }
    return Finding(FindingCode.NARROWBAND, Severity.INFO, message, measures)


def spectra_of(windows: Mono) -> Spectra:
    shaped = windows.astype(np.float32) * np.hanning(WINDOW_SAMPLES).astype(np.float32)
    return np.fft.rfft(shaped, axis=1).astype(np.complex64, copy=False)


def band_above_db(spectra: Spectra) -> float:
    """Power from 4.6 to 7.5 kHz against that of the telephone's band."""
    powers = np.square(np.abs(spectra)).sum(axis=0)
    return decibels(float(powers[ABOVE].sum()) / max(float(powers[TELEPHONE].sum()), 1e-9))


def mirror_coherence(spectra: Spectra) -> float:
    """How much of the upper band is the lower one mirrored at 4 kHz, 0 to 1.

    An image is the conjugate of what it mirrors, times what the upsampling did to it. So the
    product of both keeps its phase from window to window: 4 kHz is a whole number of bins.
    """
    mirrored = spectra[:, ::-1][:, TELEPHONE]
    original = spectra[:, TELEPHONE]
    common = np.abs((mirrored * original).sum(axis=0)) ** 2
    powers = np.square(np.abs(original)).sum(axis=0), np.square(np.abs(mirrored)).sum(axis=0)
    coherence = common / np.maximum(powers[0] * powers[1], 1e-9)
    # Bins weigh by what the upper band holds.
    return float(np.average(coherence, weights=np.maximum(powers[1], 1e-9)))
