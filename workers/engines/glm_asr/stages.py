"""Where the device's time goes, for benchmarks; otherwise nothing is measured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import StrEnum
from typing import Protocol

import torch


class Stage(StrEnum):
    MEL = "mel"
    ENCODE = "encode"
    PREFILL = "prefill"
    DECODE = "decode"


class StageClock(Protocol):
    def during(self, stage: Stage) -> AbstractContextManager[None]: ...


class NoClock:
    def during(self, stage: Stage) -> AbstractContextManager[None]:  # noqa: ARG002
        return nullcontext()


class EventClock:
    """Device time by CUDA events; read it after the work has ended."""

    def __init__(self) -> None:
        self._spans: list[tuple[Stage, torch.cuda.Event, torch.cuda.Event]] = []

    @contextmanager
    def during(self, stage: Stage) -> Iterator[None]:
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        yield
        end.record()
        self._spans.append((stage, begin, end))

    def forget(self) -> None:
        """Begin anew, after a warm-up."""
        self._spans.clear()

    @property
    def steps(self) -> int:
        """Decode steps so far."""
        return sum(stage is Stage.DECODE for stage, _, _ in self._spans)

    def seconds(self) -> dict[Stage, float]:
        """By stage; waits for the device."""
        torch.cuda.synchronize()
        spent = dict.fromkeys(Stage, 0.0)
        for stage, begin, end in self._spans:
            spent[stage] += begin.elapsed_time(end) / 1000
        return spent
