"""Writes a channel's FLAC file and notes where each frame begins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext

from workers.engines.base import SAMPLE_RATE
from workers.preparation.channel_file import ChannelFile, Mono
from workers.prepared_audio import FRAME_SAMPLES, HEADER_BYTES, FrameIndex, flac_header

FRAMES_PER_BLOCK: Final = 64
COMPRESSION_LEVEL: Final = 5
"""A third of the plain samples' size for telephone speech; 8 gains 3 % of that for twice the time."""


def write_flac(channel: ChannelFile, path: Path, *, gain: float = 1.0) -> FrameIndex:
    """Encode one channel, `gain` times as loud as it came."""
    offsets = [HEADER_BYTES]
    with path.open("wb") as file:
        file.write(flac_header(channel.samples))
        for frame in _encoded(channel, gain):
            offsets.append(offsets[-1] + file.write(frame))
    return FrameIndex(offsets)


def _encoded(channel: ChannelFile, gain: float) -> Iterator[bytes]:
    """FLAC frames, each of FRAME_SAMPLES but the last."""
    encoder = _encoder()
    for place, samples in enumerate(channel.blocks(FRAMES_PER_BLOCK * FRAME_SAMPLES)):
        block = av.AudioFrame.from_ndarray(raised(samples, gain)[np.newaxis], format="s16", layout="mono")
        block.sample_rate = SAMPLE_RATE
        block.pts = place * FRAMES_PER_BLOCK * FRAME_SAMPLES
        yield from map(bytes, encoder.encode(block))
    yield from map(bytes, encoder.encode(None))


def raised(samples: Mono, gain: float) -> Mono:
    """What does not fit any more is cut: of a voice at its usual level nothing, of a click beside it much."""
    if gain == 1.0:
        return samples
    louder: Mono = np.clip(np.rint(samples * np.float32(gain)), -32_768, 32_767).astype(np.int16)
    return louder


def _encoder() -> AudioCodecContext:
    encoder = av.CodecContext.create("flac", "w")
    encoder.sample_rate = SAMPLE_RATE
    encoder.layout = "mono"
    encoder.format = "s16"
    encoder.options = {"frame_size": str(FRAME_SAMPLES), "compression_level": str(COMPRESSION_LEVEL)}
    return encoder
