"""An engine without a model: what it hears is known beforehand. For tests and load."""

from __future__ import annotations

import os
import signal
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from core.errors import EngineBroken, EngineOverloaded
from workers.engines.audibility import is_audible
from workers.engines.base import Beat, Chunk, EngineIdentity, Hypothesis, Samples, no_beat
from workers.engines.batching import Budget
from workers.engines.checkpoints import Checkpoint
from workers.engines.settings import EngineSettings, ScriptedSettings

TOKEN_LOGPROB: Final = -0.1
LONGEST_NAP: Final = 0.2
"""Seconds between beats while it pretends to work."""


def load(settings: EngineSettings, checkpoint: Checkpoint) -> ScriptedEngine:
    time.sleep(settings.scripted.load_seconds)
    budget = Budget.of(settings, rows=64)
    return ScriptedEngine(
        name=checkpoint.model,
        behaviour=settings.scripted,
        max_batch_seconds=budget.seconds,
        max_batch_chunks=budget.chunks,
    )


def heard_text(samples: Samples) -> str:
    """What the engine says of these samples when its script is over: their number and checksum.

    The checksum is of 16-bit samples, so that lossless storage does not change it.
    """
    pcm = np.clip(np.round(samples * 32_768.0), -32_768, 32_767).astype("<i2")
    return f"heard {len(pcm)} samples {zlib.crc32(pcm.tobytes()):08x}"


def peak(samples: Samples) -> int:
    """The loudest sample in thousandths of full scale."""
    return round(float(np.abs(samples).max(initial=0.0)) * 1000)


class ScriptedEngine:
    """Says the texts of its script one after another, then what `heard_text` tells."""

    def __init__(
        self,
        *script: str,
        name: str = "scripted",
        behaviour: ScriptedSettings | None = None,
        max_batch_seconds: float = 1920.0,
        max_batch_chunks: int = 64,
    ) -> None:
        self.batches: list[int] = []
        """How many chunks each device batch that fitted had."""
        self.identity = EngineIdentity(model=name, version="scripted 1", device="cpu", dtype="none")
        self._budget = Budget(chunks=max_batch_chunks, seconds=max_batch_seconds, rows=max_batch_chunks)
        self._script: Iterator[str] = iter(script)
        self._behaviour = behaviour or ScriptedSettings()

    @property
    def max_batch_seconds(self) -> float:
        return self._budget.seconds

    @property
    def max_batch_chunks(self) -> int:
        return self._budget.chunks

    def recognize(self, chunks: Sequence[Chunk], *, beat: Beat = no_beat) -> list[Hypothesis]:
        self._budget.refuse_oversize(chunks)
        for chunk in chunks:
            self._misbehave(peak(chunk.samples))
        self._pretend_to_work(sum(chunk.seconds for chunk in chunks), beat)
        self.batches.append(len(chunks))
        return [self._hear(chunk) for chunk in chunks]

    def close(self) -> None:
        """Nothing is held."""

    def _misbehave(self, marker: int) -> None:
        if marker == self._behaviour.overload_on_peak:
            raise EngineOverloaded
        if marker == self._behaviour.break_on_peak:
            raise EngineBroken
        if marker == self._behaviour.crash_on_peak:
            os.kill(os.getpid(), signal.SIGKILL)
        if marker == self._behaviour.hang_on_peak:
            threading.Event().wait()

    def _pretend_to_work(self, audio_seconds: float, beat: Beat) -> None:
        left = audio_seconds * self._behaviour.seconds_per_audio_second
        beat()
        while left > 0:
            time.sleep(min(left, LONGEST_NAP))
            left -= LONGEST_NAP
            beat()

    def _hear(self, chunk: Chunk) -> Hypothesis:
        text = next(self._script, None)
        if text is None:
            text = heard_text(chunk.samples) if is_audible(chunk) else ""
        logprobs = tuple(TOKEN_LOGPROB for _ in text.split())
        return Hypothesis(text=text, token_logprobs=logprobs, language=chunk.language)
