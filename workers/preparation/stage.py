"""The preparation stage: a recording becomes chunks that wait for a device."""

from __future__ import annotations

import hashlib
import logging
import tempfile
import uuid
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from core.errors import LeaseLost
from models import Channel, Chunk, Job, JobStage, Recording
from models.repositories import clock
from models.repositories.chunks import ChunkRepository
from models.repositories.recordings import RecordingRepository
from models.repositories.reuse import Reuse
from submission.prepared_audio import place_of_channel
from workers.preparation.fetching import fetch
from workers.preparation.pipeline import prepare
from workers.preparation.recording import PreparedChannel, PreparedRecording
from workers.process import Process
from workers.stages import HeldStage, held_stage

logger = logging.getLogger(__name__)

SOURCE: Final = "recording"
"""Name of the recording's file while it is prepared."""


def prepare_recording(process: Process, job_id: uuid.UUID) -> str:
    """Returns what Flower shows."""
    summary = "nothing to do"
    try:
        with held_stage(process, job_id, JobStage.PREPARING) as held:
            with tempfile.TemporaryDirectory(dir=process.settings.scratch_dir, prefix="prepare-") as scratch:
                sha256 = _fetch(held, Path(scratch))
                if held.job.may_reuse and held.commit(partial(_reuse, sha256=sha256)):
                    logger.info("transcript reused")
                    return "transcript reused"
                prepared = _prepare(held, Path(scratch))
                keys = _store(held, prepared)
            held.commit(partial(_write, prepared=prepared, keys=keys, sha256=sha256))
            summary = f"audio={prepared.duration_ms / 1000:.1f}s channels={len(prepared.channels)}"
            logger.info("recording prepared", extra={"summary": summary})
    except LeaseLost:
        return "nothing to do"
    return summary


def _fetch(held: HeldStage, scratch: Path) -> str:
    """The recording as a file of `scratch`; returns its digest."""
    source = scratch / SOURCE
    with held.process.sessions.begin() as session:
        recording = RecordingRepository(session).get(held.job.recording_id)
    if recording.source_url is not None:
        return _fetched(held, recording, recording.source_url, source)
    held.process.storage.download(
        recording.object_key, source, limit_bytes=held.process.settings.max_recording_bytes
    )
    held.beat()
    sha256 = recording.sha256 or _sha256(source)
    held.beat()
    return sha256


def _fetched(held: HeldStage, recording: Recording, url: str, source: Path) -> str:
    """Committed before anything else is done: it is fetched once, and its address is forgotten."""
    size_bytes = fetch(held, url, source)
    sha256 = _sha256(source)
    held.beat()
    held.process.storage.put_file(recording.object_key, source)
    held.beat()

    def arrive(session: Session, job: Job) -> None:
        row = RecordingRepository(session).get(job.recording_id)
        row.size_bytes, row.sha256, row.source_url = size_bytes, sha256, None

    held.commit(arrive)
    return sha256


def _reuse(session: Session, job: Job, *, sha256: str) -> bool:
    """Complete the job with a finished transcript, if there is one that will do."""
    reuse = Reuse(session)
    finished = reuse.find(job, sha256=sha256)
    if finished is None:
        return False
    reuse.complete(job, RecordingRepository(session).get(job.recording_id), finished)
    return True


def _prepare(held: HeldStage, scratch: Path) -> PreparedRecording:
    workdir = scratch / "work"
    workdir.mkdir()
    return prepare(
        scratch / SOURCE,
        workdir,
        held.process.settings.decoder,
        nursery=held.process.nursery,
        on_progress=lambda _: held.beat(),
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _store(held: HeldStage, prepared: PreparedRecording) -> list[str]:
    """Upload each channel under a key that only this attempt writes."""
    keys = []
    for channel in prepared.channels:
        key = place_of_channel(held.job, channel.index)
        held.process.storage.put_file(key, channel.path)
        held.beat()
        keys.append(key)
    return keys


def _write(session: Session, job: Job, *, prepared: PreparedRecording, keys: list[str], sha256: str) -> None:
    recordings = RecordingRepository(session)
    _describe(recordings.get(job.recording_id), prepared, sha256)
    recordings.add_channels(
        Channel(
            job_id=job.id,
            index=channel.index,
            object_key=key,
            duration_ms=channel.duration_ms,
            speech_ms=channel.speech_ms,
            findings=[finding.as_json() for finding in channel.findings],
            level_dbfs=channel.level_dbfs,
        )
        for channel, key in zip(prepared.channels, keys, strict=True)
    )
    chunks = [
        chunk for channel, key in zip(prepared.channels, keys, strict=True) for chunk in _chunks(channel, key)
    ]
    job.chunks_total = len(chunks)
    # A recording without speech has nothing to transcribe and an empty transcript.
    following = JobStage.TRANSCRIBING if chunks else JobStage.FINISHING
    job.advance(following, at=clock.now(session))
    ChunkRepository(session).queue(job, chunks)


def _describe(recording: Recording, prepared: PreparedRecording, sha256: str) -> None:
    recording.sha256 = sha256
    recording.container = prepared.container
    recording.codec = prepared.codec
    recording.sample_rate = prepared.sample_rate
    recording.channel_count = len(prepared.channels)
    recording.duration_ms = prepared.duration_ms


def _chunks(channel: PreparedChannel, key: str) -> list[Chunk]:
    return [
        Chunk(
            channel=channel.index,
            index=index,
            start_ms=span.start_ms,
            end_ms=span.end_ms,
            speech_ms=[edge for speech in span.speech for edge in (speech.start_ms, speech.end_ms)],
            object_key=key,
            first_byte=span.first_byte,
            last_byte=span.last_byte,
            first_sample=span.first_sample,
        )
        for index, span in enumerate(channel.chunks)
    ]
