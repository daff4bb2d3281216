"""A voice whose tops were cut off."""

from __future__ import annotations

from typing import Final

import numpy as np

from models.channel_finding import FindingCode, Severity
from workers.preparation.channel_file import Mono
from workers.preparation.findings.finding import Finding
from workers.preparation.findings.heard_channel import HeardChannel
from workers.preparation.findings.sampling import evenly, read_rows
from workers.preparation.windows import FULL_SCALE, WINDOW_SAMPLES

TOP_SHARE: Final = 0.98
"""A sample so near to the channel's highest is on top; 2 % are less than mu-law's last step."""
RUN_SAMPLES: Final = 3
"""On top for 0.19 ms: a wave that is not cut comes by faster."""
LEAST_PERCENT: Final = 0.01
"""Of speech, on top in such runs. Six voices brought to full scale had none, cut by 3 dB 0.004 to 0.6 %,
by 6 dB 0.08 and more."""
LEAST_RUNS: Final = 8
BAD_PERCENT: Final = 0.5
"""Those voices cut by 12 dB had 0.9 and more."""
LOWEST_TOP: Final = 0.05
"""Below -26 dBFS a top is a few steps of a companded line and says nothing."""
MOST_WINDOWS: Final = 512


def find_clipping(channel: HeardChannel) -> Finding | None:
    """At full scale, or wherever the channel has its ceiling; not what was resampled after it was lowered."""
    peaks = channel.windows.peaks
    speech = channel.speech
    if not channel.has_voice or (top := float(peaks[speech].max())) < LOWEST_TOP:
        return None
    suspects = np.flatnonzero(speech & (peaks >= TOP_SHARE * top))
    chosen = evenly(suspects, MOST_WINDOWS)
    on_top, runs = count_runs(read_rows(channel.file, chosen, samples=WINDOW_SAMPLES), TOP_SHARE * top)
    scale = len(suspects) / len(chosen)
    percent = 100 * scale * on_top / (int(speech.sum()) * WINDOW_SAMPLES)
    if runs * scale < LEAST_RUNS or percent < LEAST_PERCENT:
        return None
    severity = Severity.WARNING if percent >= BAD_PERCENT else Severity.INFO
    measures = {"clipped_percent": percent, "ceiling_dbfs": 20 * float(np.log10(top))}
    return Finding(FindingCode.CLIPPING, severity, "The loudest parts of the voice are cut off.", measures)


def count_runs(windows: Mono, threshold: float) -> tuple[int, int]:
    """Samples in runs on top, and those runs; a run ends with its window."""
    tops = np.abs(windows.astype(np.int32)) >= threshold * FULL_SCALE
    edges = np.diff(np.pad(tops, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    lengths = np.nonzero(edges == -1)[1] - np.nonzero(edges == 1)[1]
    long = lengths[lengths >= RUN_SAMPLES]
    return int(long.sum()), len(long)
