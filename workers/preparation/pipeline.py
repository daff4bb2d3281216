"""A recording's way from the caller's file to chunks. No database, no broker, no storage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.errors import EmptyRecording
from workers.preparation.channel_file import ChannelFile
from workers.preparation.cutting import Cut, cut_chunks
from workers.preparation.decoding import decoding
from workers.preparation.flac_writer import write_flac
from workers.preparation.limits import DecoderLimits
from workers.preparation.loudness import listening_gain
from workers.preparation.nursery import Nursery
from workers.preparation.progress import OnProgress, Progress, no_progress
from workers.preparation.recording import ChunkSpan, PreparedChannel, PreparedRecording
from workers.preparation.speech_spans import find_speech
from workers.preparation.splitting import split_channels
from workers.preparation.voice_activity import load_detector
from workers.prepared_audio import FrameIndex

DECODING_SHARE: Final = 0.4
LISTENING_SHARE: Final = 0.8
"""Of what is left for each channel; the rest is writing it down."""


def prepare(
    source: Path,
    workdir: Path,
    limits: DecoderLimits,
    *,
    nursery: Nursery,
    on_progress: OnProgress = no_progress,
) -> PreparedRecording:
    """Decode, resample, find speech, cut, and leave one FLAC file per channel in `workdir`.

    Raises `RecordingRejected` for what the recording is to blame for, `DecoderUnavailable` where
    this machine is. `on_progress` hears a share from 0 to 1, never falling, whenever work moves on.
    """
    progress = Progress(on_progress)
    with decoding(source, limits, nursery) as recording:
        files = split_channels(recording, workdir, limits, progress.part(0.0, DECODING_SHARE))
    if not files[0].samples:
        raise EmptyRecording
    gain = listening_gain(files)
    return PreparedRecording(
        container=recording.source.container,
        codec=recording.source.codec,
        sample_rate=recording.source.sample_rate,
        duration_ms=files[0].duration_ms,
        skipped_packets=recording.skipped_packets,
        listening_gain=gain,
        channels=_prepare_channels(files, gain, progress.part(DECODING_SHARE, 1.0)),
    )


def _prepare_channels(
    files: Sequence[ChannelFile], gain: float, progress: Progress
) -> tuple[PreparedChannel, ...]:
    count = len(files)
    return tuple(
        _prepare_channel(index, file, gain, progress.part(index / count, (index + 1) / count))
        for index, file in enumerate(files)
    )


def _prepare_channel(index: int, file: ChannelFile, gain: float, progress: Progress) -> PreparedChannel:
    listening = progress.part(0.0, LISTENING_SHARE)
    probabilities = load_detector().probabilities(file, gain=gain, on_progress=listening.report)
    speech = find_speech(probabilities, duration_ms=file.duration_ms)
    cuts = cut_chunks(speech, probabilities, duration_ms=file.duration_ms)
    path = file.path.with_suffix(".flac")
    frames = write_flac(file, path)
    file.path.unlink()
    progress.report(1.0)
    return PreparedChannel(
        index=index,
        path=path,
        duration_ms=file.duration_ms,
        speech_ms=sum(span.duration_ms for span in speech),
        chunks=tuple(_chunk_span(cut, frames) for cut in cuts),
    )


def _chunk_span(cut: Cut, frames: FrameIndex) -> ChunkSpan:
    place = frames.byte_range(start_ms=cut.start_ms, end_ms=cut.end_ms)
    return ChunkSpan(
        start_ms=cut.start_ms,
        end_ms=cut.end_ms,
        speech=cut.speech,
        first_byte=place.first_byte,
        last_byte=place.last_byte,
        first_sample=place.first_sample,
    )
