"""Whose things these are."""

from __future__ import annotations

import uuid

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Record


class Owner(Record):
    __tablename__ = "owners"
    __table_args__ = (CheckConstraint("weight > 0", name="weight"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    name: Mapped[str] = mapped_column(unique=True)
    weight: Mapped[float] = mapped_column(default=1.0)
    """Share of the devices while others wait too; 2 gets twice as much as 1."""
