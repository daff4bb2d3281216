"""What the device does next: refill slots, decode, collect what ended. Never waits for a token."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import torch

from core.errors import EngineOverloaded
from workers.engines.base import FinishReason
from workers.engines.decoding import Decoded, NonFinite
from workers.engines.faults import device_faults
from workers.engines.glm_asr.doubts import PENALTY, Doubt, better
from workers.engines.glm_asr.requests import Finished, Request
from workers.engines.glm_asr.runner import Admission, Runner
from workers.engines.glm_asr.sizing import Plan
from workers.engines.glm_asr.slots import State
from workers.engines.glm_asr.transfers import OnItsWay, to_device

REASONS: Final = {
    State.EOS: FinishReason.EOS,
    State.LOOP: FinishReason.LOOP,
    State.LENGTH: FinishReason.LENGTH,
}
REFILL_SHARE: Final = 8
"""Slots are refilled once one in so many is free: fewer make small, slow encoder batches."""

GROUP: Final = 8
"""Chunks that come one by one wait for so many of each other: the encoder takes hardly longer for them."""
PATIENCE: Final = 4
"""Launches after which a chunk no longer waits for others."""


@dataclass(frozen=True, slots=True)
class Look:
    """How all slots stood after a launch."""

    launch: int
    state_and_counts: OnItsWay
    """Shape (2, slots), int64."""


@dataclass(frozen=True, slots=True)
class Texts:
    """What ended slots had written."""

    endings: tuple[tuple[Request, State, int], ...]
    """Whose, why it ended, and after how many tokens."""
    tokens: OnItsWay
    logprobs: OnItsWay
    """Both of shape (endings, most tokens + 1)."""


class Schedule:
    """Requests in, finished texts out, in any order."""

    def __init__(self, runner: Runner, plan: Plan, doubt: Doubt) -> None:
        self._runner = runner
        self._plan = plan
        self._doubt = doubt
        self._waiting: deque[Request] = deque()
        self._running: dict[int, Request] = {}
        """By slot."""
        self._begun: dict[int, int] = {}
        """By slot, the last launch before its text began: looks up to that one tell of another's."""
        self._free = list(range(plan.slots))
        """A heap: the lowest slots are used first, so that fewer are decoded when there is little to do."""
        self._windows = plan.windows
        """Admitted at once; less while memory turns out to be short."""
        self._short = False
        """Not even one could be admitted beside those that run."""
        self._launches = 0
        self._looks: deque[Look] = deque()
        self._late = 1 if runner.device.type == "cuda" else 0
        """Launches that are queued before the host looks, so that the device never waits for it."""
        self._texts: deque[Texts] = deque()

    @property
    def is_idle(self) -> bool:
        return not (self._waiting or self._running or self._texts)

    @property
    def requests(self) -> list[Request]:
        """Everything that has not ended, in no order."""
        return [*self._waiting, *self._running.values(), *(each for each in self._ended() if each.is_wanted)]

    def add(self, request: Request) -> None:
        request.waits_since = self._launches
        self._waiting.append(request)

    def cancel(self, keys: Collection[int]) -> None:
        self._waiting = deque(each for each in self._waiting if each.key not in keys)
        slots = [slot for slot, request in self._running.items() if request.key in keys]
        if slots:
            with torch.inference_mode(), device_faults():
                self._runner.slots.free(slots)
        for slot in slots:
            self._release(slot)
        for request in self._ended():
            request.is_wanted = request.is_wanted and request.key not in keys

    def step(self) -> tuple[list[Finished], list[Request]]:
        """A bounded piece of work: texts that ended, and requests that do not fit, not even alone.

        Raises `NonFinite` if scores were no numbers, `EngineBroken` if the device is lost.
        """
        with torch.inference_mode(), device_faults():
            # Those found now are left to the next step, so that the device need not be waited for. They are
            # looked for first: what has been read when `NonFinite` comes would be nobody's any more.
            sent_for = len(self._texts)
            self._look_for_endings()
            finished = self._read_texts(sent_for)
            refused = self._refill()
            self._launch()
            return finished, refused

    def _ended(self) -> list[Request]:
        """Those whose texts are on their way."""
        return [request for texts in self._texts for request, _, _ in texts.endings]

    def _read_texts(self, count: int) -> list[Finished]:
        finished = []
        for _ in range(count):
            texts = self._texts.popleft()
            rows = zip(
                texts.endings, texts.tokens.arrived().tolist(), texts.logprobs.arrived().tolist(), strict=True
            )
            for (request, state, length), tokens, logprobs in rows:
                if request.is_wanted:
                    decoded = Decoded.of(tokens[:length], logprobs[:length], REASONS[state])
                    finished += self._judged(request, decoded)
        return finished

    def _judged(self, request: Request, decoded: Decoded) -> list[Finished]:
        """The end of a request, or nothing if it is decoded once more."""
        doubtful = self._doubt(decoded, request.seconds)
        if request.first is not None:
            chosen, other = better(request.first, decoded, second_is_doubtful=doubtful)
            return [Finished(request, chosen, other)]
        if not doubtful:
            return [Finished(request, decoded)]
        request.first = decoded
        self.add(request)
        return []

    def _look_for_endings(self) -> None:
        while len(self._looks) > self._late:
            look = self._looks.popleft()
            states, counts = look.state_and_counts.arrived().tolist()
            ended = [
                slot
                for slot in self._running
                if states[slot] != State.RUNNING and self._begun[slot] < look.launch
            ]
            self._collect([(slot, State(states[slot]), counts[slot]) for slot in ended])
        if not self._running:
            self._looks.clear()

    def _collect(self, ended: Sequence[tuple[int, State, int]]) -> None:
        """Send for the texts; the copies come before whatever is written into the slots next."""
        if not ended:
            return
        if any(state is State.BROKEN for _, state, _ in ended):
            raise NonFinite
        slots = self._runner.slots
        rows = to_device(torch.tensor([slot for slot, _, _ in ended]), slots.device)
        self._texts.append(
            Texts(
                tuple((self._running[slot], state, count) for slot, state, count in ended),
                OnItsWay(slots.written[rows]),
                OnItsWay(slots.logprobs[rows]),
            )
        )
        for slot, _, _ in ended:
            self._release(slot)

    def _release(self, slot: int) -> None:
        del self._running[slot], self._begun[slot]
        heapq.heappush(self._free, slot)

    def _refill(self) -> list[Request]:
        """Admit as many as pay; those that the device cannot hold, with nothing beside them, come back."""
        batch = [self._waiting.popleft() for _ in range(self._admissible())]
        if not batch:
            return []
        if self._admitted(batch):
            self._windows = min(self._plan.windows, 2 * self._windows)
            self._short = False
            return []
        # Out of the handler, so that the failed attempt's tensors are gone.
        torch.cuda.empty_cache()
        if len(batch) == 1 and not self._running:
            return batch
        self._waiting.extendleft(reversed(batch))
        self._windows = max(1, len(batch) // 2)
        self._short = len(batch) == 1
        return []

    def _admissible(self) -> int:
        wanted = min(len(self._waiting), self._windows)
        if not wanted or (self._running and not self._pays(wanted)):
            return 0
        return min(wanted, len(self._free))

    def _pays(self, wanted: int) -> bool:
        """Whether to interrupt those that run for so many others."""
        if self._short or len(self._free) < min(wanted, max(1, self._plan.slots // REFILL_SHARE)):
            return False
        patient = self._launches - self._waiting[0].waits_since < PATIENCE
        return wanted >= min(GROUP, self._windows) or not patient

    def _admitted(self, batch: Sequence[Request]) -> bool:
        slots = heapq.nsmallest(len(batch), self._free)
        try:
            with device_faults():
                self._runner.admit([_admission(*each) for each in zip(slots, batch, strict=True)])
        except EngineOverloaded:
            return False
        for slot, request in zip(slots, batch, strict=True):
            heapq.heappop(self._free)
            self._running[slot] = request
            self._begun[slot] = self._launches
        return True

    def _launch(self) -> None:
        if not self._running:
            return
        slots = max(self._running) + 1
        penalised = any(request.first is not None for request in self._running.values())
        for _ in range(self._plan.steps_per_launch):
            self._runner.step(slots, penalised=penalised)
        self._launches += 1
        state = self._runner.slots
        self._looks.append(Look(self._launches, OnItsWay(torch.stack((state.state, state.counts)))))


def _admission(slot: int, request: Request) -> Admission:
    penalty = 1.0 if request.first is None else PENALTY
    return Admission(slot, request.samples, request.cap, penalty)
