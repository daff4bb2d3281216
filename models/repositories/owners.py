"""SQL on owners."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models.owner import Owner


class OwnerRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def named(self, name: str) -> Owner:
        """The owner of this name, made now if there was none."""
        self.session.execute(insert(Owner).values(name=name, weight=1.0).on_conflict_do_nothing())
        return self.session.scalars(select(Owner).where(Owner.name == name)).one()
