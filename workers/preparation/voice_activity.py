"""How likely each 32 ms of a channel hold speech: silero-vad's network on ONNX Runtime, without torch."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final, cast

import numpy as np
import numpy.typing as npt
import onnxruntime

from core.errors import CheckpointUnavailable
from workers.preparation.channel_file import Channel, Mono
from workers.preparation.progress import OnProgress, no_progress

WINDOW_SAMPLES: Final = 512
WINDOW_MS: Final = 32
CONTEXT_SAMPLES: Final = 64
"""The end of the window before, which the network sees in front of each window."""
WINDOWS_PER_RUN: Final = 512
"""16 s in one call, a third of the time of window by window and 1 MiB of input."""
STATE_SHAPE: Final = (1, 1, 128)
NETWORK: Final = "silero_vad_16k_sequence.onnx"
FULL_SCALE: Final = 32_768

Probabilities = npt.NDArray[np.float32]
"""One for each window, the last window filled up with silence."""


class SpeechDetector:
    """The loaded network; it remembers nothing between two channels."""

    def __init__(self, network: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = 1
        options.intra_op_num_threads = 1
        options.log_severity_level = 3  # the file's harmless warnings
        self._session = onnxruntime.InferenceSession(
            str(network), sess_options=options, providers=["CPUExecutionProvider"]
        )

    def probabilities(
        self, channel: Channel, *, gain: float = 1.0, on_progress: OnProgress = no_progress
    ) -> Probabilities:
        """Hear a channel as if it were `gain` times as loud."""
        hidden = cell = np.zeros(STATE_SHAPE, np.float32)
        heard = [np.zeros(0, np.float32)]
        runs = -(-channel.samples // (WINDOW_SAMPLES * WINDOWS_PER_RUN))
        for windows in framed(channel, gain):
            outputs = self._session.run(
                ["speech_probs", "hn", "cn"], {"input": windows, "h": hidden, "c": cell}
            )
            probabilities, hidden, cell = cast("list[npt.NDArray[np.float32]]", outputs)
            heard.append(probabilities)
            on_progress((len(heard) - 1) / runs)
        return np.concatenate(heard)


def framed(channel: Channel, gain: float) -> Iterator[npt.NDArray[np.float32]]:
    """The channel's windows, each behind its context; shape (windows, 576)."""
    context = np.zeros(CONTEXT_SAMPLES, np.float32)
    for block in channel.blocks(WINDOW_SAMPLES * WINDOWS_PER_RUN):
        windows = whole_windows(block, gain)
        contexts = np.vstack([context, windows[:-1, -CONTEXT_SAMPLES:]])
        context = windows[-1, -CONTEXT_SAMPLES:]
        yield np.hstack([contexts, windows])


def whole_windows(block: Mono, gain: float) -> npt.NDArray[np.float32]:
    filled = np.pad(block, (0, -len(block) % WINDOW_SAMPLES))
    return filled.reshape(-1, WINDOW_SAMPLES).astype(np.float32) * np.float32(gain / FULL_SCALE)


@lru_cache(maxsize=1)
def load_detector() -> SpeechDetector:
    """Loaded once per process."""
    return SpeechDetector(network_path())


def network_path(package: str = "silero_vad") -> Path:
    """The network inside silero-vad's wheel, found without importing the package: that would import torch."""
    spec = find_spec(package)
    for folder in spec.submodule_search_locations or () if spec else ():
        path = Path(folder) / "data" / NETWORK
        if path.is_file():
            return path
    raise CheckpointUnavailable("The voice activity network is not installed.")
