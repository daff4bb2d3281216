"""What the engine heard in one chunk; the first committed result stays."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import REAL

from models.base import Record


class Hypothesis(Record):
    __tablename__ = "hypotheses"

    chunk_id: Mapped[int] = mapped_column(ForeignKey("chunks.id", ondelete="CASCADE"), primary_key=True)
    attempt: Mapped[int]
    """The lease under which it was heard."""
    text: Mapped[str]
    token_logprobs: Mapped[list[float]] = mapped_column(ARRAY(REAL))
    finish_reason: Mapped[str]
    language: Mapped[str | None]
    engine_version: Mapped[str]
    dtype: Mapped[str]
