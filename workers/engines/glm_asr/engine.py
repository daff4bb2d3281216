"""GLM-ASR as the worker sees it: chunks in, hypotheses out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import torch

from core.errors import EngineOverloaded
from workers.engines.audibility import is_audible
from workers.engines.base import MAX_CHUNK_SECONDS, Beat, Chunk, EngineIdentity, Hypothesis, Outcome, no_beat
from workers.engines.batching import Budget
from workers.engines.decoding import Decoded, NonFinite
from workers.engines.glm_asr.doubts import Doubt
from workers.engines.glm_asr.requests import Finished, Request, cap_for
from workers.engines.glm_asr.runner import Runner
from workers.engines.glm_asr.schedule import Schedule
from workers.engines.glm_asr.sizing import MOST_TOKENS, Plan

logger = logging.getLogger(__name__)

Start = Callable[[torch.dtype], Runner]
"""A runner in this precision; loads the weights anew."""
Read = Callable[[Decoded], str]
"""The text of what was written."""
CapFor = Callable[[float, int], int]
"""The most tokens for so many seconds of audio, and of any text."""


class GlmAsrEngine:
    """A continuous engine; `recognize` is the same with nothing else in it."""

    def __init__(
        self,
        runner: Runner,
        *,
        plan: Plan,
        budget: Budget,
        identity: EngineIdentity,
        start: Start,
        read: Read,
        doubt: Doubt,
        cap: CapFor = cap_for,
    ) -> None:
        self._identity = identity
        self._runner = runner
        self._plan = plan
        self._budget = budget
        self._start = start
        self._read = read
        self._doubt = doubt
        self._cap = cap
        self._schedule = Schedule(runner, plan, doubt)
        self._known: list[Outcome] = []
        """Outcomes that need no device."""

    @property
    def identity(self) -> EngineIdentity:
        """Its dtype may change, once: see `step`."""
        return replace(self._identity, dtype=str(self._runner.dtype).removeprefix("torch."))

    @property
    def max_batch_seconds(self) -> float:
        return self._budget.seconds

    @property
    def max_batch_chunks(self) -> int:
        return self._budget.chunks

    @property
    def slots(self) -> int:
        return self._plan.slots

    @property
    def is_idle(self) -> bool:
        return not self._known and self._schedule.is_idle

    def add(self, key: int, chunk: Chunk) -> None:
        if chunk.seconds > MAX_CHUNK_SECONDS:
            self._known.append(Outcome(key, EngineOverloaded()))
        elif not is_audible(chunk):
            self._known.append(Outcome(key, Hypothesis(text="", language=chunk.language)))
        else:
            self._schedule.add(Request(key, chunk.samples, self._cap(chunk.seconds, MOST_TOKENS)))

    def cancel(self, keys: Collection[int]) -> None:
        self._known = [outcome for outcome in self._known if outcome.key not in keys]
        self._schedule.cancel(keys)

    def step(self, *, beat: Beat = no_beat) -> list[Outcome]:
        """Audio that overflows float16, although the built-in clip did not, moves the engine to bfloat16."""
        beat()
        try:
            finished, refused = self._schedule.step()
        except NonFinite:
            self._move_to_bfloat16()
            return []
        outcomes = [
            *self._known,
            *(Outcome(request.key, EngineOverloaded()) for request in refused),
            *(Outcome(each.request.key, self._hypothesis(each)) for each in finished),
        ]
        self._known = []
        return outcomes

    def recognize(self, chunks: Sequence[Chunk], *, beat: Beat = no_beat) -> list[Hypothesis]:
        self._budget.refuse_oversize(chunks)
        heard: dict[int, Hypothesis] = {}
        try:
            for key, chunk in enumerate(chunks):
                self.add(key, chunk)
            while not self.is_idle:
                for outcome in self.step(beat=beat):
                    if isinstance(outcome.result, EngineOverloaded):
                        raise outcome.result
                    heard[outcome.key] = outcome.result
        finally:
            self.cancel(range(len(chunks)))
        return [heard[key] for key in range(len(chunks))]

    def close(self) -> None:
        del self._schedule, self._runner
        torch.cuda.empty_cache()

    def _move_to_bfloat16(self) -> None:
        """Start again, with everything that has not ended. Raises `NonFinite` if that was tried already."""
        if self._runner.dtype is not torch.float16:
            raise NonFinite
        logger.warning("float16 overflowed, using bfloat16 from now on")
        requests = self._schedule.requests
        # Before the new weights come: a small device has no room for both.
        del self._schedule, self._runner
        torch.cuda.empty_cache()
        self._runner = self._start(torch.bfloat16)
        self._schedule = Schedule(self._runner, self._plan, self._doubt)
        for request in requests:
            self._schedule.add(request)

    def _hypothesis(self, finished: Finished) -> Hypothesis:
        other = finished.other
        return replace(
            self._heard(finished.chosen), alternative=None if other is None else self._heard(other)
        )

    def _heard(self, decoded: Decoded) -> Hypothesis:
        """The model cannot be told a language and does not say which it heard."""
        return Hypothesis(
            text=self._read(decoded), token_logprobs=decoded.logprobs, finish_reason=decoded.finish_reason
        )
