"""What the pipeline knows of a speech model. Implementations import torch; this file does not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import exp
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from core.errors import EngineOverloaded

SAMPLE_RATE: Final = 16_000
MAX_CHUNK_SECONDS: Final = 30.0
"""The window of every supported model; preparation never cuts longer."""

Samples = npt.NDArray[np.float32]
"""Mono, 16 kHz, -1 to 1; shape (samples,)."""

Beat = Callable[[], None]
"""Called by an engine whenever work moves on; the lease is renewed only while it is."""


def no_beat() -> None:
    """For callers that hold no lease."""


class FinishReason(StrEnum):
    """Why an engine stopped writing."""

    EOS = "eos"
    """The model said that it had heard everything."""
    LENGTH = "length"
    """The token cap was reached; the text is probably cut."""
    LOOP = "loop"
    """The model repeated itself and was stopped."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of one channel, short enough for one decode."""

    samples: Samples
    language: str | None = None
    """What the caller says is spoken; None lets the model find out."""

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What the engine heard in one chunk."""

    text: str
    token_logprobs: tuple[float, ...] = ()
    """Natural log-probability of each chosen token, end-of-sequence left out."""
    finish_reason: FinishReason = FinishReason.EOS
    language: str | None = None
    """What was asked for, else what the model detected, else None."""
    alternative: Hypothesis | None = None
    """The attempt that was not believed, where a doubtful chunk was decoded twice."""

    @property
    def confidence(self) -> float | None:
        """Geometric mean of the chosen tokens' probabilities, 0 to 1; None without tokens."""
        if not self.token_logprobs:
            return None
        return exp(sum(self.token_logprobs) / len(self.token_logprobs))


@dataclass(frozen=True, slots=True)
class EngineIdentity:
    """Which code and weights made a hypothesis; stored with every transcript."""

    model: str
    version: str
    """Library, its version and the checkpoint's revision or hash, as one string."""
    device: str
    dtype: str


class Engine(Protocol):
    """A loaded speech model on one device. One per process, used by one thread.

    `recognize` returns one hypothesis per chunk, in order, and raises
    `EngineOverloaded` when the device batch does not fit; the caller halves it.
    """

    @property
    def identity(self) -> EngineIdentity: ...

    @property
    def max_batch_seconds(self) -> float: ...

    @property
    def max_batch_chunks(self) -> int: ...

    def recognize(self, chunks: Sequence[Chunk], *, beat: Beat = no_beat) -> list[Hypothesis]: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one chunk that was added to a continuous engine."""

    key: int
    result: Hypothesis | EngineOverloaded
    """An error means that this chunk did not fit the device, not even alone; no other is touched."""


class ContinuousEngine(Engine, Protocol):
    """An engine that takes new chunks while it works on others, so that no device batch waits for
    the longest chunk of the one before.

    `add` only queues; every `step` does a bounded piece of work (tenths of a second) and tells
    what ended in it, in any order. What is added together need not end together. The samples of a
    chunk may be read until it ended or was canceled, and not afterwards.
    """

    @property
    def slots(self) -> int:
        """How many chunks it works on at the same time, those it makes ready included.

        As long as fewer are in it, one more is begun with at once. 0 means that it takes no new ones
        before all that it works on have ended.
        """
        ...

    @property
    def is_idle(self) -> bool:
        """Nothing is queued and nothing is being decoded: a step would do nothing."""
        ...

    def add(self, key: int, chunk: Chunk) -> None:
        """Queue a chunk under a key that no chunk in the engine has."""
        ...

    def step(self, *, beat: Beat = no_beat) -> list[Outcome]: ...

    def cancel(self, keys: Collection[int]) -> None:
        """Forget these chunks wherever they are; keys that have ended or never were are ignored."""
        ...
