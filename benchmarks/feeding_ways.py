"""Three ways to bring samples to an engine, each run for a while on an endless backlog."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from benchmarks.flac_backlog import Backlog, FiledChunk, Files
from workers.engine_process.hosts import Host, Load, ProcessHost, ThreadHost
from workers.engine_process.keeper import EngineKeeper
from workers.engines.base import Chunk, Hypothesis
from workers.heartbeat import Heartbeat
from workers.transcription.admission import Admission
from workers.transcription.feeding import Feeding, Result
from workers.transcription.reading import ChunkReader

READERS: Final = 8
"""The default of CALLSCRIBE_READER_THREADS."""
RUNNERS: Final = 3
"""Threads of a transcribe worker."""
COMMIT_S: Final = 0.02
"""What a database takes for a commit, besides the Python of its rows."""
NEVER: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Trial:
    """What one way is tried with; goes to a process of its own."""

    directory: Path
    chunks: Sequence[FiledChunk]
    interpreter_ms: float
    seconds: float
    load: Load


Window = tuple[float, float]
"""From the first claim to the last one."""


def sequential(trial: Trial) -> Window:
    """As before: read a device batch, hear it, commit it, all in the process of the engine."""
    engine = trial.load()
    reader, backlog = _reader(trial), Backlog(trial.chunks)
    begun = time.monotonic()
    while time.monotonic() - begun < trial.seconds:
        chunks = backlog.take(engine.max_batch_chunks)
        for key, samples in enumerate(reader.read(chunks)):
            if samples is not None:
                engine.add(key, Chunk(samples))
        heard: list[Result] = []
        while not engine.is_idle:
            heard += [outcome.result for outcome in engine.step()]
        _commit(heard)
    ended = time.monotonic()
    engine.close()
    return begun, ended


def beside(trial: Trial) -> Window:
    """Device batches overlap; the engine is a thread of the process that reads and commits."""
    return _overlapped(trial, ThreadHost)


def apart(trial: Trial) -> Window:
    """The same with the engine in a process of its own: what the worker does."""
    return _overlapped(trial, ProcessHost)


WAYS: Final[dict[str, Callable[[Trial], Window]]] = {
    "sequential": sequential,
    "thread": beside,
    "process": apart,
}


def run_way(name: str, trial: Trial, answer: Path) -> None:
    """In a process of its own."""
    answer.write_text(json.dumps(WAYS[name](trial)))


def _overlapped(trial: Trial, host: Callable[[], Host]) -> Window:
    keeper = EngineKeeper(trial.load, host)
    keeper.start()
    admission = Admission(keeper.until_room)
    keeper.listeners.append(admission.look_again)
    reader, backlog = _reader(trial), Backlog(trial.chunks)
    begun = time.monotonic()
    runners = [
        threading.Thread(target=_run, args=(keeper, admission, reader, backlog), name=f"runner {number}")
        for number in range(RUNNERS)
    ]
    for runner in runners:
        runner.start()
    threading.Event().wait(trial.seconds)
    admission.drain()
    ended = time.monotonic()
    for runner in runners:
        runner.join()
    keeper.close()
    return begun, ended


def _run(keeper: EngineKeeper, admission: Admission, reader: ChunkReader, backlog: Backlog) -> None:
    while True:
        with admission.turn() as turn:
            if turn is None:
                return
            with Heartbeat(_renewed, every=NEVER, stall_after=NEVER) as heartbeat:
                chunks = backlog.take(keeper.traits.max_batch_chunks)
                feeding = Feeding(keeper.open(), turn, heartbeat)
                _commit(
                    feeding.hear(chunks, reader, alone=False, piecemeal=keeper.traits.slots > 0),
                )


def _reader(trial: Trial) -> ChunkReader:
    return ChunkReader(Files(trial.directory, interpreter_ms=trial.interpreter_ms), threads=READERS)


def _renewed() -> None:
    """There is no lease here."""


def _commit(results: Sequence[Result]) -> None:
    json.dumps([result.token_logprobs for result in results if isinstance(result, Hypothesis)])
    time.sleep(COMMIT_S)
