"""Callscribe's API for programs in Python. docs/client.md shows how it is used."""

from __future__ import annotations

from client.access import Access
from client.answers import Job, Transcript, Utterance
from client.batch_answers import AddedItems, Batch, BatchItem, Result, Reviewed
from client.batches import Batches, NewItem, Source
from client.client import Client
from client.feed import Event, Feed
from client.options import SubmitOptions
from client.patience import IMPATIENT, Patience
from client.webhooks import verify_webhook
from core.errors import PermanentError, ServiceError, TransientError

__all__ = [
    "IMPATIENT",
    "Access",
    "AddedItems",
    "Batch",
    "BatchItem",
    "Batches",
    "Client",
    "Event",
    "Feed",
    "Job",
    "NewItem",
    "Patience",
    "PermanentError",
    "Result",
    "Reviewed",
    "ServiceError",
    "Source",
    "SubmitOptions",
    "Transcript",
    "TransientError",
    "Utterance",
    "verify_webhook",
]
