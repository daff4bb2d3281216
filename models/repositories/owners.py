"""SQL on owners."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

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

    def get(self, owner_id: uuid.UUID) -> Owner:
        return self.session.get_one(Owner, owner_id)

    def locked(self, owner_id: uuid.UUID) -> Owner:
        """Held until commit; rows that refer to the owner may be written by others meanwhile."""
        query = select(Owner).where(Owner.id == owner_id).with_for_update(key_share=True)
        return self.session.scalars(query.execution_options(populate_existing=True)).one()

    def all(self) -> Sequence[Owner]:
        return self.session.scalars(select(Owner).order_by(Owner.name)).all()
