"""What a telephone exchange does to samples: mu-law there and back (ITU-T G.711, its continuous curve)."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

MU: Final = 255.0


def mu_law(wave: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """With 255 steps; what exceeds full scale is cut."""
    cut = np.clip(wave, -1, 1)
    steps = np.rint(np.sign(cut) * np.log1p(MU * np.abs(cut)) / np.log1p(MU) * 127) / 127
    expanded: npt.NDArray[np.float64] = np.sign(steps) * np.expm1(np.abs(steps) * np.log1p(MU)) / MU
    return expanded
