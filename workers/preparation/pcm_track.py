"""An audio stream's frames as one unbroken run of samples."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Final, cast

import av

SAMPLE_BYTES: Final = 2
FLUSH_BYTES: Final = 2**16
LONGEST_JITTER: Final = 0.1
"""Seconds. Time stamps wander by less; a longer step is a stretch that was never recorded."""


class PcmTrack:
    """Turns frames into interleaved 16-bit samples of the first frame's rate and layout.

    Where time stamps leave a stretch out (discontinuous transmission, lost pages, a track
    that starts late) silence is put in, so that a sample's place is its time in the recording.
    """

    def __init__(
        self, sink: Callable[[bytes], None], *, like: av.AudioFrame, origin: Fraction | None = None
    ) -> None:
        """`like` is the first frame, still to be written; `origin` the time at which the recording begins."""
        self._sink = sink
        self._rate = like.sample_rate
        self._layout = like.layout
        self._origin = _time_of(like) if origin is None else float(origin)
        self._pending = bytearray()
        self._samples = 0
        self._source = _form_of(like)
        self._converter = self._new_converter()

    def write(self, frame: av.AudioFrame) -> None:
        self._fill_gap(frame)
        # Streams may change their mind halfway: chained Ogg, AAC that turns out to be HE-AAC.
        if _form_of(frame) != self._source:
            self._drain()
            self._source = _form_of(frame)
        frame.pts = None
        self._append(self._converter.resample(frame))

    def close(self) -> None:
        self._drain()
        self._flush()

    def _new_converter(self) -> av.AudioResampler:
        return av.AudioResampler(format="s16", layout=self._layout, rate=self._rate)

    def _fill_gap(self, frame: av.AudioFrame) -> None:
        time = _time_of(frame)
        if time is None or self._origin is None:
            return
        missing = time - self._origin - self._samples / self._rate
        if missing > LONGEST_JITTER:
            self._drain()
            self._append_silence(round(missing * self._rate))

    def _drain(self) -> None:
        """Take what the converter still holds of the frames so far, and begin anew."""
        # PyAV types them as never None; they are, where there was nothing to convert.
        rest = cast("list[av.AudioFrame | None]", self._converter.resample(None))
        self._append([part for part in rest if part is not None])
        self._converter = self._new_converter()

    def _append(self, parts: list[av.AudioFrame]) -> None:
        for part in parts:
            size = part.samples * part.layout.nb_channels * SAMPLE_BYTES
            self._pending += memoryview(part.planes[0])[:size]
            self._samples += part.samples
        if len(self._pending) >= FLUSH_BYTES:
            self._flush()

    def _append_silence(self, samples: int) -> None:
        """In small pieces: a forged time stamp may ask for centuries, and the parent will say stop."""
        self._flush()
        self._samples += samples
        missing = samples * self._layout.nb_channels * SAMPLE_BYTES
        while missing > 0:
            piece = min(missing, FLUSH_BYTES)
            self._sink(bytes(piece))
            missing -= piece

    def _flush(self) -> None:
        self._sink(bytes(self._pending))
        self._pending.clear()


def _time_of(frame: av.AudioFrame) -> float | None:
    """Seconds by the stream's own clock."""
    if frame.pts is None or frame.time_base is None:
        return None
    # Not as a fraction: that takes as long as to decode the frame.
    return frame.pts * frame.time_base.numerator / frame.time_base.denominator


def _form_of(frame: av.AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate
