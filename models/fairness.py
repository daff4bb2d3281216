"""Stride tags: who is served next while several owners wait.

Each piece of work gets a virtual finish time when it is queued,

    vft = max(now_vft, the owner's last vft) + cost / weight

and the smallest is served first (start-time fair queueing; Goyal, Vin, Cheng: SIGCOMM 1996).
An owner who hands over a hundred thousand calls spreads them over virtual time; one who hands
over a single call gets a tag near the present and is served among the first.
"""

from __future__ import annotations

import uuid

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Record


class FairClock(Record):
    """How far a queue has been served."""

    __tablename__ = "fair_clocks"

    queue: Mapped[str] = mapped_column(primary_key=True)
    """Stage, model and lane: each is a race of its own."""
    now_vft: Mapped[float]
    """Smallest tag of the newest claim; never goes back."""


class FairShare(Record):
    """How far an owner has been promised service in a queue."""

    __tablename__ = "fair_shares"

    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("owners.id"), primary_key=True)
    queue: Mapped[str] = mapped_column(primary_key=True)
    last_vft: Mapped[float]
