"""A recording's way from the caller's file to chunks. No database, no broker, no storage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.errors import EmptyRecording
from workers.preparation.channel_file import ChannelFile
from workers.preparation.cutting import Cut, cut_chunks
from workers.preparation.decoder.decoding import decoding
from workers.preparation.decoder.limits import DecoderLimits
from workers.preparation.decoder.nursery import Nursery
from workers.preparation.findings.examination import Examination, examine
from workers.preparation.findings.heard_channel import HeardChannel
from workers.preparation.findings.level import recognition_gain_db
from workers.preparation.flac_writer import write_flac
from workers.preparation.loudness import gain_for
from workers.preparation.progress import OnProgress, Progress, no_progress
from workers.preparation.recording import ChunkSpan, PreparedChannel, PreparedRecording
from workers.preparation.speech_spans import find_speech
from workers.preparation.splitting import split_channels
from workers.preparation.voice_activity import load_detector
from workers.preparation.windows import Windows, measure
from workers.prepared_audio import FrameIndex

DECODING_SHARE: Final = 0.4
LISTENED_SHARE: Final = 0.88
"""The rest is writing down."""


def prepare(
    source: Path,
    workdir: Path,
    limits: DecoderLimits,
    *,
    nursery: Nursery,
    on_progress: OnProgress = no_progress,
) -> PreparedRecording:
    """Decode, resample, find speech, examine, cut, and leave one FLAC file per channel in `workdir`.

    Raises `RecordingRejected` for what the recording is to blame for, `DecoderUnavailable` where
    this machine is. `on_progress` hears a share from 0 to 1, never falling, whenever work moves on.
    """
    progress = Progress(on_progress)
    with decoding(source, limits, nursery) as recording:
        files = split_channels(recording, workdir, limits, progress.part(0.0, DECODING_SHARE))
    if not files[0].samples:
        raise EmptyRecording
    windows = [measure(file) for file in files]
    gain = gain_for([each.levels for each in windows])
    heard = _listen(files, windows, gain, progress.part(DECODING_SHARE, LISTENED_SHARE))
    examined = examine(heard, sample_rate=recording.source.sample_rate)
    return PreparedRecording(
        container=recording.source.container,
        codec=recording.source.codec,
        sample_rate=recording.source.sample_rate,
        duration_ms=files[0].duration_ms,
        skipped_packets=recording.skipped_packets,
        listening_gain=gain,
        channels=_write_channels(heard, examined, progress.part(LISTENED_SHARE, 1.0)),
    )


def _listen(
    files: Sequence[ChannelFile], windows: Sequence[Windows], gain: float, progress: Progress
) -> list[HeardChannel]:
    count = len(files)
    heard = []
    for index, file in enumerate(files):
        listening = progress.part(index / count, (index + 1) / count)
        probabilities = load_detector().probabilities(file, gain=gain, on_progress=listening.report)
        speech = find_speech(probabilities, duration_ms=file.duration_ms)
        heard.append(HeardChannel(index, file, windows[index], probabilities, speech))
    return heard


def _write_channels(
    heard: Sequence[HeardChannel], examined: Sequence[Examination], progress: Progress
) -> tuple[PreparedChannel, ...]:
    written = []
    for channel, examination in zip(heard, examined, strict=True):
        written.append(_write_channel(channel, examination))
        progress.report(len(written) / len(heard))
    return tuple(written)


def _write_channel(channel: HeardChannel, examination: Examination) -> PreparedChannel:
    file = channel.file
    path = file.path.with_suffix(".flac")
    frames = write_flac(file, path, gain=10 ** (recognition_gain_db(channel) / 20))
    file.path.unlink()
    cuts = cut_chunks(channel.spans, channel.probabilities, duration_ms=file.duration_ms)
    return PreparedChannel(
        index=channel.index,
        path=path,
        duration_ms=file.duration_ms,
        speech_ms=channel.speech_ms,
        # Transcribed twice, every word would be said by both parties.
        chunks=() if examination.is_copy else tuple(_chunk_span(cut, frames) for cut in cuts),
        findings=examination.findings,
        level_dbfs=examination.level_dbfs,
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
