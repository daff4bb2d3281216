"""Calls go when their owner's policy says so: their audio first, and then all that is left of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from core.database import SessionFactory
from core.storage import ObjectStorage
from models.audit_entry import AuditAction
from models.job import Job
from models.recording import Recording
from models.repositories.audit import Actor, AuditRepository
from models.repositories.erasures import Erasures
from models.repositories.retention import PastCall, Retention
from submission.stored_audio import remove_audio

BATCH: Final = 100


class CallPurge:
    """`keep` is the time of owners without a policy of their own; None keeps for ever.

    Each method is one step and returns whether there may be more. Raises `StorageUnavailable` and
    `DatabaseUnavailable`; then the same calls are the next ones again.
    """

    def __init__(self, sessions: SessionFactory, storage: ObjectStorage) -> None:
        self._sessions = sessions
        self._storage = storage

    def audio(self, *, keep: timedelta | None) -> bool:
        """Recordings, and what was prepared of them; what was heard stays."""
        with self._sessions.begin() as session:
            past = Retention(session, default=keep).past_audio(limit=BATCH)
        return self._purge(past, Erasures.erase_audio, AuditAction.AUDIO_ERASED)

    def transcripts(self, *, keep: timedelta | None) -> bool:
        """Whole calls, down to their tombstones."""
        with self._sessions.begin() as session:
            past = Retention(session, default=keep).past_transcripts(limit=BATCH)
        return self._purge(past, Erasures.erase, AuditAction.JOB_ERASED)

    def _purge(
        self,
        past: Sequence[PastCall],
        erase: Callable[[Erasures, Job, Recording], None],
        action: AuditAction,
    ) -> bool:
        for call in past:
            remove_audio(
                self._storage,
                recording_key=call.recording_key,
                job_id=call.job_id,
                owner_id=call.owner_id,
            )
        with self._sessions.begin() as session:
            erasures = Erasures(session)
            gone = erasures.locked(call.job_id for call in past)
            for job, recording in gone:
                erase(erasures, job, recording)
                AuditRepository(session).add(Actor.retention_of(job.owner_id), action, job.id)
        return len(gone) == BATCH
