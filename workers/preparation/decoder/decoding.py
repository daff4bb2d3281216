"""Runs the decoder over one recording and believes nothing that it says."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from core.errors import (
    DecoderLimitExceeded,
    DecoderUnavailable,
    EmptyRecording,
    RecordingTooLong,
    TooManyChannels,
    UndecodableRecording,
    UnsupportedFormat,
)
from workers.preparation.decoder.block_reader import BlockReader
from workers.preparation.decoder.blocks import BlockKind, SourceFormat, Verdict
from workers.preparation.decoder.limits import DecoderLimits
from workers.preparation.decoder.nursery import Nursery
from workers.preparation.decoder.process import DecoderProcess
from workers.preparation.decoder.walls import Wall

logger = logging.getLogger(__name__)

Pcm = npt.NDArray[np.int16]
"""Shape (samples, channels)."""

SAMPLE_RATES: Final = range(4_000, 192_001)
"""Hz; what lies outside is a forged header."""
TIMED_CONTAINERS: Final = frozenset({"ogg", "matroska", "mov", "flac"})
"""They write their duration down; the others' is a guess from the first packets' bit rate."""
REFUSALS: Final = {
    refusal.code: refusal
    for refusal in (EmptyRecording, UndecodableRecording, UnsupportedFormat, DecoderLimitExceeded)
}


class DecodedRecording:
    """A recording while it is being decoded."""

    def __init__(
        self, process: DecoderProcess, reader: BlockReader, source: SourceFormat, limits: DecoderLimits
    ) -> None:
        self.source = source
        self.skipped_packets = 0
        """Damaged stretches that were left out; known once `blocks` is exhausted."""
        self._process = process
        self._reader = reader
        self._limits = limits

    def blocks(self) -> Iterator[Pcm]:
        """All samples in order. Raises `RecordingRejected` where decoding does not end well."""
        samples = 0
        longest = self._limits.audio_seconds * self.source.sample_rate
        while (block := self._reader.read()) is not None:
            kind, payload = block
            if kind is BlockKind.VERDICT:
                self.skipped_packets = _acquitted(payload).skipped_packets
                return
            pcm = _samples(kind, payload, self.source.channels)
            samples += len(pcm)
            if samples > longest:
                raise _too_long(self._limits)
            yield pcm
        raise self._process.explain_death()


@contextmanager
def decoding(source: Path, limits: DecoderLimits, nursery: Nursery) -> Iterator[DecodedRecording]:
    """The recording's format, checked, and its samples as they come. Ends the decoder on the way out."""
    if source.stat().st_size == 0:
        raise EmptyRecording
    with (
        nursery.decoder(source, limits) as process,
        BlockReader(process.output, limits) as reader,
    ):
        _await_start(process, reader)
        yield DecodedRecording(process, reader, _accepted_format(process, reader, limits), limits)


def walls_of(limits: DecoderLimits, nursery: Nursery) -> frozenset[Wall]:
    """What its decoders have around them on this machine. Raises `DecoderUnavailable`."""
    with (
        nursery.decoder(Path(os.devnull), limits) as process,
        BlockReader(process.output, limits) as reader,
    ):
        named = _await_start(process, reader).split()
    return frozenset(wall for wall in Wall if wall.encode() in named)


def _await_start(process: DecoderProcess, reader: BlockReader) -> bytes:
    """Until it is ready it has not seen the recording: what goes wrong is not the recording's fault."""
    try:
        block = reader.read_first()
    except DecoderLimitExceeded as error:
        raise DecoderUnavailable from error
    if block is None or block[0] is not BlockKind.READY:
        logger.error("decoder did not start", extra={"complaint": process.complaint()})
        raise DecoderUnavailable
    return block[1]


def _accepted_format(process: DecoderProcess, reader: BlockReader, limits: DecoderLimits) -> SourceFormat:
    block = reader.read()
    if block is None:
        raise process.explain_death()
    kind, payload = block
    if kind is BlockKind.VERDICT:
        _acquitted(payload)
    if kind is not BlockKind.FORMAT:
        raise UndecodableRecording
    source = _parsed_format(payload)
    _check(source, limits)
    return source


def _check(source: SourceFormat, limits: DecoderLimits) -> None:
    if source.channels < 1 or source.sample_rate not in SAMPLE_RATES:
        raise UndecodableRecording("The recording claims an impossible sample rate or no channel.")
    if source.channels > limits.channels:
        raise TooManyChannels(f"The recording has {source.channels} channels; at most {limits.channels} fit.")
    if source.container in TIMED_CONTAINERS and (source.expected_ms or 0) > limits.audio_seconds * 1000:
        raise _too_long(limits)


def _too_long(limits: DecoderLimits) -> RecordingTooLong:
    return RecordingTooLong(f"The recording is longer than {limits.audio_seconds / 60:g} minutes.")


def _parsed_format(payload: bytes) -> SourceFormat:
    try:
        return SourceFormat.from_json(payload)
    except ValueError as error:
        raise UndecodableRecording from error


def _acquitted(payload: bytes) -> Verdict:
    """The verdict, if it is a good one."""
    try:
        verdict = Verdict.from_json(payload)
    except ValueError as error:
        raise UndecodableRecording from error
    if verdict.code is not None:
        raise REFUSALS.get(verdict.code, UndecodableRecording)
    return verdict


def _samples(kind: BlockKind, payload: bytes, channels: int) -> Pcm:
    """Raises where the block is none of audio, or holds a part of a sample."""
    if kind is not BlockKind.AUDIO or len(payload) % (2 * channels):
        raise UndecodableRecording
    return np.frombuffer(payload, np.int16).reshape(-1, channels)
