"""Prepared audio in storage: one playable FLAC file per channel, of which any chunk is one range of bytes."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import soundfile

from core.errors import StorageUnavailable
from workers.engines.base import SAMPLE_RATE, Samples

FRAME_SAMPLES: Final = 4_096
"""Every frame but the last holds so many, 256 ms, and decodes without its neighbours."""
SAMPLES_PER_MS: Final = SAMPLE_RATE // 1000
HEADER_BYTES: Final = 42
"""`fLaC`, one block header, STREAMINFO; no tags and no padding, so that frames begin here."""
LAST_BLOCK: Final = b"\x80"
"""Kind 0 (STREAMINFO), and no other metadata follows."""
BITS: Final = 16


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Where a chunk lies in its channel's file."""

    first_byte: int
    last_byte: int
    """Inclusive, as in an HTTP Range header."""
    first_sample: int
    """Place in the channel of the first sample in these bytes, at or before the chunk's own first."""


@dataclass(frozen=True, slots=True)
class FrameIndex:
    """Where each frame of one file begins."""

    offsets: Sequence[int]
    """One for each frame, and the file's size."""

    def byte_range(self, *, start_ms: int, end_ms: int) -> ByteRange:
        """The frames that hold this stretch."""
        first_frame = start_ms * SAMPLES_PER_MS // FRAME_SAMPLES
        last_frame = (end_ms * SAMPLES_PER_MS - 1) // FRAME_SAMPLES
        return ByteRange(
            first_byte=self.offsets[first_frame],
            last_byte=self.offsets[last_frame + 1] - 1,
            first_sample=first_frame * FRAME_SAMPLES,
        )


def flac_header(samples: int) -> bytes:
    """How a mono 16 kHz 16-bit file of so many samples begins (RFC 9639 §8.2)."""
    frame_sizes_unknown, md5_unknown = bytes(6), bytes(16)
    rate_channels_bits_length = SAMPLE_RATE << 44 | (BITS - 1) << 36 | samples
    stream_info = (
        struct.pack(">HH", FRAME_SAMPLES, FRAME_SAMPLES)
        + frame_sizes_unknown
        + rate_channels_bits_length.to_bytes(8, "big")
        + md5_unknown
    )
    return b"fLaC" + LAST_BLOCK + len(stream_info).to_bytes(3, "big") + stream_info


def read_chunk(blob: bytes, *, first_sample: int, start_ms: int, end_ms: int) -> Samples:
    """The samples from `start_ms` to `end_ms` out of the bytes of their range; sample-exact.

    Raises `StorageUnavailable` when the bytes are not those that were written.
    """
    start = start_ms * SAMPLES_PER_MS - first_sample
    end = end_ms * SAMPLES_PER_MS - first_sample
    try:
        # SoundFile.read, unlike soundfile.read, does not seek: frames are numbered from the file's start.
        with soundfile.SoundFile(io.BytesIO(flac_header(end) + blob)) as file:
            samples: Samples = file.read(end, dtype="float32")
    except soundfile.LibsndfileError as error:
        raise StorageUnavailable("Prepared audio came back damaged.") from error
    if len(samples) != end:
        raise StorageUnavailable("Prepared audio came back incomplete.")
    return samples[start:]
