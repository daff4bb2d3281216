"""Where jobs and all that is leased beside them can stand; docs/job-states.md draws the steps between."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

from core.errors import Conflict


class Lane(StrEnum):
    """How urgent a caller says a job is."""

    LIVE = "live"
    """Somebody waits: claimed before all bulk work."""
    BULK = "bulk"
    """Last month's recordings: takes what live work leaves."""


class JobState(StrEnum):
    QUEUED = "queued"
    """Accepted; no worker has touched it."""
    PROCESSING = "processing"
    """In one of the stages, leased or waiting to be claimed."""
    COMPLETED = "completed"
    """The transcript is there."""
    FAILED = "failed"
    """It cannot be transcribed; `error_code` says why."""
    CANCELED = "canceled"
    """The caller did not want it any more."""
    EXPIRED = "expired"
    """Its deadline passed before it was completed."""


class JobStage(StrEnum):
    PREPARING = "preparing"
    """Decoding, resampling, finding speech, cutting chunks."""
    TRANSCRIBING = "transcribing"
    """Its chunks wait for a device or are on one."""
    FINISHING = "finishing"
    """All chunks are heard; the transcript is being put together."""


class ChunkState(StrEnum):
    QUEUED = "queued"
    """Waits to be claimed into a device batch."""
    LEASED = "leased"
    """In a running device batch."""
    DONE = "done"
    """Its hypothesis is stored."""
    FAILED = "failed"
    """It took its worker down too often, or fits no device."""
    CANCELED = "canceled"
    """Its job ended without it."""


class DeviceBatchState(StrEnum):
    OPEN = "open"
    """Announced to a worker; what goes in is decided when a device is free."""
    RUNNING = "running"
    """On a device."""
    DONE = "done"
    """Its hypotheses are stored."""
    EMPTY = "empty"
    """Nothing was left to claim."""
    LOST = "lost"
    """Its worker fell silent or broke; its chunks went back."""


class DeliveryState(StrEnum):
    WAITING = "waiting"
    """To be sent, now or when its time has come."""
    LEASED = "leased"
    """A worker is sending it."""
    DELIVERED = "delivered"
    """The receiver answered with 2xx."""
    FAILED = "failed"
    """The schedule is exhausted, or its endpoint was disabled."""


class BatchState(StrEnum):
    OPEN = "open"
    """Its caller may add items; those that it has are worked on already."""
    RUNNING = "running"
    """All its items are known or being read."""
    CANCELING = "canceling"
    """Its caller does not want it any more; its jobs are being ended."""
    COMPLETED = "completed"
    """Every item is over, one way or another."""
    CANCELED = "canceled"
    """What was not over when it was canceled is not going to be."""


class ItemState(StrEnum):
    WAITING = "waiting"
    """To be made a job."""
    ADMITTED = "admitted"
    """There is a job for it, which says the rest."""
    REFUSED = "refused"
    """There can be no job for it; `error_code` says why."""
    CANCELED = "canceled"
    """Its batch was canceled before there was a job for it."""


TRANSITIONS: Final[Mapping[JobState, frozenset[JobState]]] = {
    JobState.QUEUED: frozenset(
        {JobState.PROCESSING, JobState.COMPLETED, JobState.CANCELED, JobState.EXPIRED}
    ),
    JobState.PROCESSING: frozenset(
        {JobState.COMPLETED, JobState.FAILED, JobState.CANCELED, JobState.EXPIRED}
    ),
    JobState.COMPLETED: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELED: frozenset(),
    JobState.EXPIRED: frozenset(),
}

STAGE_TRANSITIONS: Final[Mapping[JobStage, frozenset[JobStage]]] = {
    JobStage.PREPARING: frozenset({JobStage.TRANSCRIBING, JobStage.FINISHING}),
    JobStage.TRANSCRIBING: frozenset({JobStage.FINISHING}),
    JobStage.FINISHING: frozenset(),
}

CHUNK_TRANSITIONS: Final[Mapping[ChunkState, frozenset[ChunkState]]] = {
    ChunkState.QUEUED: frozenset({ChunkState.LEASED, ChunkState.FAILED, ChunkState.CANCELED}),
    ChunkState.LEASED: frozenset(
        {ChunkState.QUEUED, ChunkState.DONE, ChunkState.FAILED, ChunkState.CANCELED}
    ),
    ChunkState.DONE: frozenset(),
    ChunkState.FAILED: frozenset(),
    ChunkState.CANCELED: frozenset(),
}

DEVICE_BATCH_TRANSITIONS: Final[Mapping[DeviceBatchState, frozenset[DeviceBatchState]]] = {
    DeviceBatchState.OPEN: frozenset({DeviceBatchState.RUNNING, DeviceBatchState.EMPTY}),
    DeviceBatchState.RUNNING: frozenset({DeviceBatchState.DONE, DeviceBatchState.LOST}),
    DeviceBatchState.DONE: frozenset(),
    DeviceBatchState.EMPTY: frozenset(),
    DeviceBatchState.LOST: frozenset(),
}

DELIVERY_TRANSITIONS: Final[Mapping[DeliveryState, frozenset[DeliveryState]]] = {
    DeliveryState.WAITING: frozenset({DeliveryState.LEASED, DeliveryState.FAILED}),
    DeliveryState.LEASED: frozenset({DeliveryState.WAITING, DeliveryState.DELIVERED, DeliveryState.FAILED}),
    DeliveryState.DELIVERED: frozenset(),
    DeliveryState.FAILED: frozenset(),
}

BATCH_TRANSITIONS: Final[Mapping[BatchState, frozenset[BatchState]]] = {
    BatchState.OPEN: frozenset({BatchState.RUNNING, BatchState.CANCELING}),
    BatchState.RUNNING: frozenset({BatchState.COMPLETED, BatchState.CANCELING}),
    BatchState.CANCELING: frozenset({BatchState.CANCELED}),
    BatchState.COMPLETED: frozenset({BatchState.RUNNING}),
    BatchState.CANCELED: frozenset(),
}

ITEM_TRANSITIONS: Final[Mapping[ItemState, frozenset[ItemState]]] = {
    ItemState.WAITING: frozenset({ItemState.ADMITTED, ItemState.REFUSED, ItemState.CANCELED}),
    ItemState.ADMITTED: frozenset({ItemState.WAITING}),
    ItemState.REFUSED: frozenset(),
    ItemState.CANCELED: frozenset(),
}

FINAL: Final = frozenset(state for state, following in TRANSITIONS.items() if not following)
"""Job states that nothing leaves."""

State = TypeVar(
    "State", JobState, JobStage, ChunkState, DeviceBatchState, DeliveryState, BatchState, ItemState
)


def step(chart: Mapping[State, frozenset[State]], present: State, following: State) -> State:
    """The following state if the chart allows the step, else `Conflict`."""
    if following not in chart[present]:
        raise Conflict(f"What is {present} cannot become {following}.")
    return following
