"""The parts of a Whisper checkpoint that compute."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from transformers import WhisperConfig

from workers.engines.base import Beat, Samples
from workers.engines.log_mel import LogMel
from workers.engines.whisper.decoder import Decoder
from workers.engines.whisper.encoder import Encoder

CPU_PORTION: Final = 1
"""Windows encoded together on a CPU: with more, one layer's numbers no longer fit its caches."""


@dataclass(frozen=True, slots=True)
class Network:
    log_mel: LogMel
    encoder: Encoder
    decoder: Decoder
    config: WhisperConfig

    def encode(self, clips: Sequence[Samples], beat: Beat) -> list[torch.Tensor]:
        """Portions of (rows, frames, width), in order."""
        encoded = []
        for portion in self._portions(clips):
            encoded.append(self.encoder(self.log_mel(portion)))
            beat()
        return encoded

    def _portions(self, clips: Sequence[Samples]) -> Iterator[Sequence[Samples]]:
        most = CPU_PORTION if self.decoder.device.type == "cpu" else len(clips)
        for start in range(0, len(clips), most):
            yield clips[start : start + most]
