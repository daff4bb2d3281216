"""One device batch from its hint to its committed hypotheses."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.errors import ChunkTooLarge, LeaseLost, ObjectMissing, TransientError
from core.logging import bound
from models import DeviceBatch, Hypothesis, LeasedChunk
from models.repositories.chunk_claims import Budget
from models.repositories.device_batches import DeviceBatchRepository
from models.repositories.suspects import Suspects
from workers.engines import base
from workers.engines.base import Engine
from workers.heartbeat import Heartbeat
from workers.patience import until_database_answers
from workers.process import Process
from workers.transcription.committing import commit_hypotheses
from workers.transcription.reading import ChunkReader
from workers.transcription.recognition import recognize

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Summary:
    """What Flower shows as the task's result."""

    jobs: int
    chunks: int
    audio_seconds: float
    fill: float
    late: int
    seconds: float

    @classmethod
    def of(cls, batch: DeviceBatch, *, seconds: float) -> Summary:
        return cls(
            jobs=batch.job_count,
            chunks=batch.chunk_count,
            audio_seconds=batch.audio_ms / 1000,
            fill=batch.fill,
            late=batch.late_count,
            seconds=seconds,
        )

    @property
    def rtfx(self) -> float:
        """Seconds of audio for each second of work."""
        return self.audio_seconds / self.seconds

    def __str__(self) -> str:
        return (
            f"jobs={self.jobs} chunks={self.chunks} audio={self.audio_seconds:.1f}s "
            f"fill={self.fill:.0%} rtfx={self.rtfx:.1f} late={self.late}"
        )


class DeviceBatchRunner:
    """Runs device batches on the one engine of this process."""

    def __init__(self, process: Process, engine: Engine, *, worker: str) -> None:
        self.process = process
        self.engine = engine
        self.worker = worker
        self.reader = ChunkReader(process.storage, threads=process.settings.reader_threads)
        self.budget = Budget(audio_ms=int(engine.max_batch_seconds * 1000), chunks=engine.max_batch_chunks)

    def run(self, batch_id: uuid.UUID) -> Summary | None:
        """None when the hint was stale, nothing was left to claim, or the work was given back."""
        begun = time.monotonic()
        try:
            batch, chunks = self._start(batch_id)
        except LeaseLost:
            return None
        if not chunks:
            return None
        with bound(device_batch_id=str(batch.id)):
            ended = self._hear(batch, chunks)
            if ended is None:
                return None
            summary = Summary.of(ended, seconds=time.monotonic() - begun)
            logger.info("device batch done", extra={"summary": str(summary)})
        return summary

    def _start(self, batch_id: uuid.UUID) -> tuple[DeviceBatch, list[LeasedChunk]]:
        with self.process.sessions.begin() as session:
            return DeviceBatchRepository(session).start(
                batch_id, worker=self.worker, budget=self.budget, ttl=self.process.settings.lease_ttl
            )

    def _hear(self, batch: DeviceBatch, chunks: Sequence[LeasedChunk]) -> DeviceBatch | None:
        """The device batch as it ended, or None if it was given back."""
        try:
            with self._heartbeat(batch) as heartbeat:
                heard = self._recognize(chunks, heartbeat)
                return self._commit(batch, heard)
        except LeaseLost:
            logger.warning("device batch passed on")
        except ChunkTooLarge as error:
            logger.warning("device batch too large", extra={"code": error.code})
            self._give_back(batch, Suspects.lose_too_large)
        except TransientError as error:
            logger.warning("device batch handed back", extra={"code": error.code})
            self._give_back(batch, Suspects.hand_back)
            # Whatever is away gets a moment before the next claim.
            time.sleep(self.process.settings.retry_pause.total_seconds())
        except BaseException:
            self._give_back(batch, Suspects.lose)
            raise
        return None

    def _heartbeat(self, batch: DeviceBatch) -> Heartbeat:
        settings = self.process.settings

        def renew() -> None:
            with self.process.sessions.begin() as session:
                DeviceBatchRepository(session).renew(batch.id, attempt=batch.attempt, ttl=settings.lease_ttl)

        return Heartbeat(renew, every=settings.heartbeat_every, stall_after=settings.stall_after)

    def _recognize(self, chunks: Sequence[LeasedChunk], heartbeat: Heartbeat) -> list[Hypothesis]:
        samples = self.reader.read(chunks, beat=heartbeat.beat)
        present = [(chunk, each) for chunk, each in zip(chunks, samples, strict=True) if each is not None]
        self._drop_erased([chunk for chunk, each in zip(chunks, samples, strict=True) if each is None])
        heard = recognize(
            self.engine,
            [base.Chunk(samples=each, language=chunk.language) for chunk, each in present],
            beat=heartbeat.beat,
        )
        return [self._row(chunk, each) for (chunk, _), each in zip(present, heard, strict=True)]

    def _row(self, chunk: LeasedChunk, heard: base.Hypothesis) -> Hypothesis:
        identity = self.engine.identity
        return Hypothesis(
            chunk_id=chunk.id,
            attempt=chunk.attempt,
            text=heard.text,
            token_logprobs=list(heard.token_logprobs),
            finish_reason=heard.finish_reason.value,
            language=heard.language,
            engine_version=identity.version,
            dtype=identity.dtype,
        )

    def _commit(self, batch: DeviceBatch, hypotheses: Sequence[Hypothesis]) -> DeviceBatch:
        def attempt() -> DeviceBatch:
            with self.process.sessions.begin() as session:
                row = DeviceBatchRepository(session).held(batch.id, attempt=batch.attempt)
                commit_hypotheses(session, row, hypotheses)
            return row

        # A repetition after a commit whose answer was lost finds no lease and ends as `LeaseLost`.
        return until_database_answers(attempt, within=self.process.settings.lease_ttl)

    def _drop_erased(self, chunks: Sequence[LeasedChunk]) -> None:
        if not chunks:
            return
        with self.process.sessions.begin() as session:
            for chunk in sorted(chunks, key=lambda each: each.job_id):
                Suspects(session).condemn(chunk, ObjectMissing("The prepared audio is no longer there."))

    def _give_back(self, batch: DeviceBatch, how: Callable[[Suspects, DeviceBatch], None]) -> None:
        try:
            with self.process.sessions.begin() as session:
                how(Suspects(session), DeviceBatchRepository(session).held(batch.id, attempt=batch.attempt))
        except (LeaseLost, TransientError) as error:
            # Then the lease runs out and the reaper does it.
            logger.warning("device batch not given back", extra={"code": error.code})
