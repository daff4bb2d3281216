"""Rows of a batch, put together as callers see it."""

from __future__ import annotations

from api.batches.schemas import (
    AudioSeconds,
    BatchError,
    BatchLinks,
    BatchRead,
    ItemRead,
    RequestCounts,
    ReviewItem,
)
from models.batch import Batch
from models.batch_item import BatchItem
from models.call_rows import Call
from models.job import Job
from models.recording import Recording
from models.repositories.batch_endings import request_counts
from models.repositories.batches import Pace, Standing
from models.states import ItemState
from models.transcript_content import from_json, quality_in


def present(batch: Batch, standing: Standing, pace: Pace, audio_ms: tuple[int, int] | None) -> BatchRead:
    counts = RequestCounts.model_validate(request_counts(batch, standing))
    return BatchRead(
        id=batch.id,
        name=batch.name,
        status=batch.state,
        metadata=batch.details,
        created_at=batch.created_at,
        closed_at=batch.closed_at,
        completed_at=batch.finished_at,
        request_counts=counts,
        progress=progress(counts),
        audio_seconds=_audio_seconds(*audio_ms) if audio_ms else None,
        rtfx=round(pace.audio_ms / 1000 / pace.seconds, 1) if pace.seconds > 0 else None,
        eta_seconds=None if batch.is_final or not batch.source_read else eta_seconds(counts, pace),
        error=_error(batch.error_code, batch.error_message),
        links=_links(batch),
    )


def _audio_seconds(known_ms: int, completed_ms: int) -> AudioSeconds:
    return AudioSeconds(known=known_ms / 1000, completed=completed_ms / 1000)


def over(counts: RequestCounts) -> int:
    return counts.refused + counts.completed + counts.failed + counts.canceled + counts.expired


def progress(counts: RequestCounts) -> float:
    return over(counts) / counts.total if counts.total else 0.0


def eta_seconds(counts: RequestCounts, pace: Pace) -> int | None:
    """`left / (ended / elapsed)`; None until something has ended."""
    if pace.jobs == 0 or pace.seconds <= 0:
        return None
    return round((counts.total - over(counts)) * pace.seconds / pace.jobs)


def present_item(item: BatchItem, job: Job | None, recording: Recording | None) -> ItemRead:
    """An item that is to be tried again has an earlier job, which says nothing of how it stands now."""
    present = job if job is not None and item.state is ItemState.ADMITTED else item
    metadata = item.request.get("metadata") if job is None else job.details
    return ItemRead(
        number=item.number,
        custom_id=item.custom_id,
        status=present.state,
        job_id=item.job_id,
        filename=None if recording is None else recording.filename,
        metadata=metadata if isinstance(metadata, dict) else {},
        error=_error(present.error_code, present.error_message),
    )


def present_for_review(call: Call) -> ReviewItem:
    transcript = from_json(call.transcript.content)
    quality = quality_in(transcript)
    return ReviewItem(
        number=call.item.number,
        custom_id=call.item.custom_id,
        job_id=call.job.id,
        filename=call.recording.filename,
        metadata=call.job.details,
        duration_ms=transcript["duration_ms"],
        trust=None if quality is None else quality["trust"],
        flags=[] if quality is None else quality["flags"],
    )


def _error(code: str | None, message: str | None) -> BatchError | None:
    return None if code is None else BatchError(code=code, message=message or "")


def _links(batch: Batch) -> BatchLinks:
    here = f"/v1/batches/{batch.id}"
    return BatchLinks(
        self=here,
        items=f"{here}/items",
        results=f"{here}/results",
        errors=f"{here}/errors",
        cancel=f"{here}/cancel",
    )
