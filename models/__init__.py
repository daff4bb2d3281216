"""Database rows and the rules they obey, one table per file; all SQL is in `repositories`."""

from __future__ import annotations

from models.api_key import ApiKey
from models.audit_entry import AuditAction, AuditEntry
from models.base import Record
from models.batch import Batch
from models.batch_item import BatchItem
from models.channel import Channel
from models.chunk import Chunk
from models.delivery import Delivery, DeliveryAttempt
from models.device_batch import DeviceBatch
from models.event import Event, EventType
from models.fairness import FairClock, FairShare
from models.hypothesis import Hypothesis
from models.idempotency_key import IdempotencyKey
from models.job import Job
from models.leased_chunk import LeasedChunk
from models.owner import Owner
from models.prepare_worker import PrepareWorker
from models.recording import Recording
from models.states import (
    BatchState,
    ChunkState,
    DeliveryState,
    DeviceBatchState,
    ItemState,
    JobStage,
    JobState,
    Lane,
)
from models.transcript import Transcript
from models.upload import Upload
from models.webhook_endpoint import WebhookEndpoint, WebhookSecret
from models.worker import Worker

__all__ = [
    "ApiKey",
    "AuditAction",
    "AuditEntry",
    "Batch",
    "BatchItem",
    "BatchState",
    "Channel",
    "Chunk",
    "ChunkState",
    "Delivery",
    "DeliveryAttempt",
    "DeliveryState",
    "DeviceBatch",
    "DeviceBatchState",
    "Event",
    "EventType",
    "FairClock",
    "FairShare",
    "Hypothesis",
    "IdempotencyKey",
    "ItemState",
    "Job",
    "JobStage",
    "JobState",
    "Lane",
    "LeasedChunk",
    "Owner",
    "PrepareWorker",
    "Record",
    "Recording",
    "Transcript",
    "Upload",
    "WebhookEndpoint",
    "WebhookSecret",
    "Worker",
]
