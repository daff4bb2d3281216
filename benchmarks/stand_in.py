"""Engines to feed: one without a model that keeps time like a device, and the true one, observed."""

from __future__ import annotations

import importlib
import time
from collections import deque
from collections.abc import Collection, Sequence
from functools import partial
from math import ceil
from pathlib import Path
from typing import Final, cast

import numpy as np

from benchmarks.flac_backlog import hold_interpreter
from benchmarks.timeline import Timeline
from workers.engine_process.hosts import Load
from workers.engine_process.shelf import PLACE_SAMPLES
from workers.engines.base import (
    MAX_CHUNK_SECONDS,
    Beat,
    Chunk,
    ContinuousEngine,
    EngineIdentity,
    Hypothesis,
    Outcome,
    no_beat,
)

STEP_S: Final = 0.002
"""What the device needs for one step."""
HOST_S: Final = 0.0005
"""What Python needs to launch it."""
SLOTS: Final = 128
BATCH_CHUNKS: Final = 256
MOST_BEGUN: Final = 2
"""Chunks whose samples are copied in one step: a step is bounded."""
UNEVEN: Final = 0.2
"""Texts are longer and shorter than the mean by up to this share, so that slots do not fall free together."""
GOLDEN: Final = 0.618
LOGPROBS: Final = (-0.1,) * 120
"""Four tokens a second."""


def stand_in(timeline: Path, *, rtfx: float) -> Load:
    return partial(_stand_in, timeline, rtfx)


def random_glm(timeline: Path) -> Load:
    """GLM-ASR at its true size with random weights, on CUDA."""
    return partial(_random_glm, timeline)


def _stand_in(timeline: Path, rtfx: float) -> ContinuousEngine:
    return StandInEngine(Timeline(timeline), rtfx=rtfx)


def _random_glm(timeline: Path) -> ContinuousEngine:
    # By name: it imports torch.
    module = importlib.import_module("benchmarks.glm_random")
    return ObservedEngine(cast("ContinuousEngine", module.build_engine()), Timeline(timeline))


class StandInEngine:
    """Launches steps on a device that is not there: one runs, and one may wait behind it."""

    identity = EngineIdentity(model="stand-in", version="1", device="none", dtype="none")
    slots = SLOTS
    max_batch_chunks = BATCH_CHUNKS
    max_batch_seconds = BATCH_CHUNKS * MAX_CHUNK_SECONDS

    def __init__(self, timeline: Timeline, *, rtfx: float) -> None:
        self._timeline = timeline
        self._per_step_s = rtfx * STEP_S / SLOTS
        """Audio of one chunk that a step gets through."""
        self._waiting: deque[tuple[int, Chunk]] = deque()
        self._keys = np.full(SLOTS, -1, np.int64)
        self._left = np.zeros(SLOTS, np.int64)
        """Steps to go, by slot; 0 is free."""
        self._seconds: dict[int, float] = {}
        self._staging = np.zeros(PLACE_SAMPLES, np.float32)
        self._free_at = 0.0
        """When the device has done all that was launched."""
        self._was_idle = True

    @property
    def is_idle(self) -> bool:
        return not self._seconds

    def add(self, key: int, chunk: Chunk) -> None:
        self._waiting.append((key, chunk))
        self._seconds[key] = chunk.seconds

    def cancel(self, keys: Collection[int]) -> None:
        self._waiting = deque(each for each in self._waiting if each[0] not in keys)
        self._left[np.isin(self._keys, list(keys))] = 0
        for key in keys:
            self._seconds.pop(key, None)

    def step(self, *, beat: Beat = no_beat) -> list[Outcome]:
        beat()
        self._refill()
        hold_interpreter(HOST_S)
        launched = time.monotonic()
        start = max(launched, self._free_at)
        late = 0.0 if self._was_idle else start - self._free_at
        self._free_at = start + STEP_S
        ended = self._advanced()
        heard_s = sum(self._seconds.pop(key) for key in ended)
        self._timeline.note(start=start, end=self._free_at, late=late, heard_s=heard_s)
        self._was_idle = self.is_idle
        time.sleep(max(0.0, start - time.monotonic()))
        return [Outcome(key, Hypothesis("heard", LOGPROBS)) for key in ended]

    def recognize(self, chunks: Sequence[Chunk], *, beat: Beat = no_beat) -> list[Hypothesis]:
        for key, chunk in enumerate(chunks):
            self.add(key, chunk)
        while not self.is_idle:
            self.step(beat=beat)
        return [Hypothesis("heard", LOGPROBS) for _ in chunks]

    def close(self) -> None:
        self._timeline.save()

    def _refill(self) -> None:
        begun = min(MOST_BEGUN, len(self._waiting))
        for slot in np.flatnonzero(self._left == 0)[:begun]:
            key, chunk = self._waiting.popleft()
            # As into pinned memory.
            self._staging[: len(chunk.samples)] = chunk.samples
            self._keys[slot] = key
            length = 1.0 + UNEVEN * (2.0 * (key * GOLDEN % 1.0) - 1.0)
            self._left[slot] = ceil(chunk.seconds * length / self._per_step_s)

    def _advanced(self) -> list[int]:
        """The keys of the chunks for which this was the last step."""
        last = self._left == 1
        self._left[self._left > 0] -= 1
        keys: list[int] = self._keys[last].tolist()
        return keys


class ObservedEngine:
    """An engine whose steps are noted by the host's clock: from the first launch to the return."""

    def __init__(self, engine: ContinuousEngine, timeline: Timeline) -> None:
        self._engine = engine
        self._timeline = timeline
        self._seconds: dict[int, float] = {}
        self._returned_at: float | None = None
        """Of the last step, if work was left then."""
        self.identity = engine.identity
        self.slots = engine.slots
        self.max_batch_chunks = engine.max_batch_chunks
        self.max_batch_seconds = engine.max_batch_seconds
        self.recognize = engine.recognize

    @property
    def is_idle(self) -> bool:
        return self._engine.is_idle

    def add(self, key: int, chunk: Chunk) -> None:
        self._seconds[key] = chunk.seconds
        self._engine.add(key, chunk)

    def cancel(self, keys: Collection[int]) -> None:
        self._engine.cancel(keys)

    def step(self, *, beat: Beat = no_beat) -> list[Outcome]:
        start = time.monotonic()
        outcomes = self._engine.step(beat=beat)
        end = time.monotonic()
        heard_s = sum(self._seconds.pop(outcome.key, 0.0) for outcome in outcomes)
        late = 0.0 if self._returned_at is None else start - self._returned_at
        self._timeline.note(start=start, end=end, late=late, heard_s=heard_s)
        self._returned_at = None if self.is_idle else end
        return outcomes

    def close(self) -> None:
        self._timeline.save()
        self._engine.close()
