"""One device batch from its hint to its committed hypotheses."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.errors import (
    ChunkTooLarge,
    EngineBroken,
    EngineOverloaded,
    LeaseLost,
    ObjectMissing,
    ServiceError,
    TransientError,
)
from core.logging import bound
from models import DeviceBatch, Hypothesis, LeasedChunk
from models.repositories import notices
from models.repositories.chunk_claims import Budget
from models.repositories.device_batches import DeviceBatchRepository, StartedBatch
from models.repositories.suspects import Suspects
from workers.engine_process.hearing import Hearing
from workers.engine_process.keeper import EngineKeeper
from workers.engines import base
from workers.heartbeat import Heartbeat, exit_now
from workers.patience import until_database_answers
from workers.process import Process
from workers.transcription.admission import Admission, Turn
from workers.transcription.committing import commit_hypotheses
from workers.transcription.feeding import Feeding, Result
from workers.transcription.reading import ChunkReader
from workers.transcription.summary import Summary

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A device batch and what is in it."""

    batch: StartedBatch
    chunks: Sequence[LeasedChunk]
    alone: bool
    """It broke an engine, or was beside what did: nothing else may be in the engine with it."""


class DeviceBatchRunner:
    """Runs device batches on the one engine of this process, from a few threads at once."""

    def __init__(self, process: Process, engine: EngineKeeper, *, worker: str) -> None:
        self.process = process
        self.engine = engine
        self.worker = worker
        self.admission = Admission(engine.until_room)
        engine.listeners.append(self.admission.look_again)
        self.reader = ChunkReader(process.storage, threads=process.settings.reader_threads)

    def run(self, batch_id: uuid.UUID) -> Summary | None:
        """None when the hint was stale, nothing was left to claim, or the work was given back.

        Waits until the device is nearly free before it claims. Raises `EngineBroken` when the engine
        ended meanwhile; its chunks are given back by then.
        """
        with self.admission.turn() as turn:
            if turn is None:
                return None
            begun = time.monotonic()
            claimed = self._claimed(batch_id)
            if claimed is None:
                return None
            with bound(device_batch_id=str(batch_id)):
                ended = self._hear(claimed, turn)
                if ended is None:
                    return None
                summary = Summary.of(ended, seconds=time.monotonic() - begun)
                logger.info("device batch done", extra={"summary": str(summary)})
        return summary

    def _claimed(self, batch_id: uuid.UUID) -> Claimed | None:
        traits = self.engine.traits
        budget = Budget(audio_ms=int(traits.max_batch_seconds * 1000), chunks=traits.max_batch_chunks)
        try:
            with self.process.sessions.begin() as session:
                batch, chunks = DeviceBatchRepository(session).start(
                    batch_id, worker=self.worker, budget=budget, ttl=self.process.settings.lease_ttl
                )
                if batch.backlog:
                    # The next one is claimed before this one ends: it must have been announced by then.
                    notices.work_is_waiting(session)
                return Claimed(batch, chunks, alone=chunks[0].alone) if chunks else None
        except LeaseLost:
            return None

    def _hear(self, claimed: Claimed, turn: Turn) -> DeviceBatch | None:
        """The device batch as it ended, or None if it was given back."""
        batch = claimed.batch
        feeding: Feeding | None = None
        try:
            hearing = self.engine.open()
            with self._heartbeat(batch, hearing) as heartbeat:
                feeding = Feeding(hearing, turn, heartbeat)
                results = feeding.hear(
                    claimed.chunks,
                    self.reader,
                    alone=claimed.alone,
                    piecemeal=self.engine.traits.slots > 0,
                )
                return self._conclude(claimed, results)
        except LeaseLost:
            logger.warning("device batch passed on")
        except TransientError as error:
            logger.warning("device batch handed back", extra={"code": error.code})
            self._give_back(batch, Suspects.hand_back)
            # Whatever is away gets a moment before the next claim.
            time.sleep(self.process.settings.retry_pause.total_seconds())
        except EngineBroken:
            if feeding is not None and feeding.has_begun and not self.engine.is_abandoned:
                self._give_back(batch, Suspects.lose)
                raise
            self._give_back(batch, Suspects.hand_back)
        except BaseException:
            self._give_back(batch, Suspects.lose)
            raise
        return None

    def _heartbeat(self, batch: StartedBatch, hearing: Hearing) -> Heartbeat:
        settings = self.process.settings

        def renew() -> None:
            with self.process.sessions.begin() as session:
                DeviceBatchRepository(session).renew(batch.id, attempt=batch.attempt, ttl=settings.lease_ttl)

        def end_what_hangs() -> None:
            hearing.kill_engine() if hearing.is_working() else exit_now()

        return Heartbeat(
            renew, every=settings.heartbeat_every, stall_after=settings.stall_after, on_stall=end_what_hangs
        )

    def _conclude(self, claimed: Claimed, results: Sequence[Result]) -> DeviceBatch:
        ended = list(zip(claimed.chunks, results, strict=True))
        self._condemn([chunk for chunk, result in ended if result is None], _erased())
        self._condemn([c for c, result in ended if isinstance(result, EngineOverloaded)], ChunkTooLarge())
        return self._commit(
            claimed.batch,
            [self._row(chunk, result) for chunk, result in ended if isinstance(result, base.Hypothesis)],
        )

    def _row(self, chunk: LeasedChunk, heard: base.Hypothesis) -> Hypothesis:
        identity = self.engine.traits.identity
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

    def _commit(self, batch: StartedBatch, hypotheses: Sequence[Hypothesis]) -> DeviceBatch:
        def attempt() -> DeviceBatch:
            with self.process.sessions.begin() as session:
                row = DeviceBatchRepository(session).held(batch.id, attempt=batch.attempt)
                commit_hypotheses(session, row, hypotheses)
            return row

        # A repetition after a commit whose answer was lost finds no lease and ends as `LeaseLost`.
        return until_database_answers(attempt, within=self.process.settings.lease_ttl)

    def _condemn(self, chunks: Sequence[LeasedChunk], error: ServiceError) -> None:
        """Of these nothing can be heard, now or ever."""
        if not chunks:
            return
        logger.warning("chunks condemned", extra={"code": error.code, "chunks": len(chunks)})
        with self.process.sessions.begin() as session:
            for chunk in sorted(chunks, key=lambda each: each.job_id):
                Suspects(session).condemn(chunk, error)

    def _give_back(self, batch: StartedBatch, how: Callable[[Suspects, DeviceBatch], None]) -> None:
        try:
            with self.process.sessions.begin() as session:
                how(Suspects(session), DeviceBatchRepository(session).held(batch.id, attempt=batch.attempt))
        except (LeaseLost, TransientError) as error:
            # Then the lease runs out and the reaper does it.
            logger.warning("device batch not given back", extra={"code": error.code})


def _erased() -> ObjectMissing:
    return ObjectMissing("The prepared audio is no longer there.")
