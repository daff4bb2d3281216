"""Work of fixed shapes, recorded once and replayed: a step's five hundred kernels in one launch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from typing import Final, Protocol

import torch

WARM_UPS: Final = 3
"""Runs before recording, in which libraries choose kernels and allocate their workspaces."""


def bucket_for(wanted: int, buckets: Sequence[int]) -> int:
    """The smallest that is enough."""
    return min(bucket for bucket in buckets if bucket >= wanted)


def buckets_up_to(most: int, *, least: int) -> tuple[int, ...]:
    """Powers of two from `least`, and `most` itself."""
    powers = [least << shift for shift in range(most.bit_length()) if least << shift < most]
    return (*powers, most)


class Step(Protocol):
    """`slots.Slots.step`."""

    def __call__(self, slots: int, *, penalised: bool) -> None: ...


class EagerSteps:
    """For devices without graphs: just the slots that are in use."""

    def __init__(self, step: Step) -> None:
        self._step = step

    def __call__(self, slots: int, *, penalised: bool) -> None:
        self._step(slots, penalised=penalised)


class RecordedSteps:
    """A graph for each bucket of slots, with and without penalties; all share their memory."""

    def __init__(self, step: Step, buckets: Sequence[int]) -> None:
        self._buckets = buckets
        record = Recorder()
        self._graphs = {
            # The largest first: the others then fit into its memory.
            (slots, penalised): record(partial(step, slots, penalised=penalised))
            for slots, penalised in product(sorted(buckets, reverse=True), (False, True))
        }

    def __call__(self, slots: int, *, penalised: bool) -> None:
        self._graphs[bucket_for(slots, self._buckets), penalised].replay()


class RecordedEncoder:
    """A graph for each small number of windows, where launching takes longer than computing."""

    def __init__(
        self, encode: Callable[[torch.Tensor], torch.Tensor], like: torch.Tensor, buckets: Sequence[int]
    ) -> None:
        """like: a mel input of one window, for its shape, precision and device."""
        self._encode = encode
        self._buckets = buckets
        self._recorder = Recorder()
        self._inputs = torch.zeros((max(buckets), *like.shape[1:]), dtype=like.dtype, device=like.device)
        self._outputs: dict[int, torch.Tensor] = {}
        self._graphs = {bucket: self._record(bucket) for bucket in sorted(buckets, reverse=True)}

    def __call__(self, mel: torch.Tensor) -> torch.Tensor:
        """The result is overwritten by the next call."""
        windows = mel.shape[0]
        if windows > max(self._buckets):
            return self._encode(mel)
        bucket = bucket_for(windows, self._buckets)
        self._inputs[:windows].copy_(mel)
        self._graphs[bucket].replay()
        return self._outputs[bucket][:windows]

    def _record(self, bucket: int) -> torch.cuda.CUDAGraph:
        def run() -> None:
            self._outputs[bucket] = self._encode(self._inputs[:bucket])

        return self._recorder(run)


class Recorder:
    """Graphs that share the memory of their intermediate results: only one runs at a time."""

    def __init__(self) -> None:
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, run: Callable[[], None]) -> torch.cuda.CUDAGraph:
        """Runs it a few times for real first."""
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UPS):
                run()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        # Another thread may call CUDA meanwhile, as when it pins memory.
        with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
            run()
        return graph
