"""What all rows share: names of constraints, and how Python types lie in Postgres."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from sqlalchemy import BigInteger, DateTime, Double, Enum, MetaData, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry

JsonValue: TypeAlias = str | int | float | bool | list["JsonValue"] | dict[str, "JsonValue"] | None
JsonObject: TypeAlias = dict[str, JsonValue]

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


TYPES = registry(
    metadata=MetaData(naming_convention=NAMING),
    type_annotation_map={
        str: Text(),
        int: BigInteger(),
        float: Double(),
        datetime: DateTime(timezone=True),
        JsonObject: JSONB(),
    },
)


class Record(DeclarativeBase):
    registry = TYPES

    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


def enum_text(kind: type[StrEnum], name: str) -> Enum:
    """An enum stored as text with a CHECK; room is left for longer members."""
    return Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )
