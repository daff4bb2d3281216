"""Items become rows of their batch: checked one by one, and none keeps another back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.errors import DuplicateCustomId, InvalidRequest, ServiceError
from models.batch import Batch
from models.batch_item import BatchItem
from models.repositories import notices
from models.repositories.batch_items import BatchItemRepository
from models.states import ItemState
from submission.batches.item import LONGEST_ID, ItemRequest, item_of, stored
from submission.fields import kept


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Where an item should have been, but nothing that could be read as one."""

    error: InvalidRequest


def add_items(
    session: Session, batch: Batch, given: Sequence[object], *, is_repeatable: bool = False
) -> list[BatchItem]:
    """A row for each, in order, some of them refused. The batch's row is locked.

    Of a request that `is_repeatable` what the batch has already, or has refused already, leaves no row: who
    did not hear the answer sends it again, and neither counts nor errors may tell of that.
    """
    read = [_read(each, batch) for each in given]
    items = BatchItemRepository(session)
    names = {each.custom_id for each in read if isinstance(each, ItemRequest)}
    rows = list(_rows(given, read, items.known(batch.id, names)))
    told = items.told(batch.id, {row.custom_id for row in rows if row.custom_id}) if is_repeatable else set()
    items.add(batch, (row for row in rows if row.error_code is None or row.custom_id not in told))
    if any(row.error_code is None for row in rows):
        batch.expect_admission()
        notices.work_is_waiting(session)
    return rows


def _read(given: object, batch: Batch) -> ItemRequest | ServiceError:
    if isinstance(given, Unreadable):
        return given.error
    try:
        return item_of(given, batch.defaults)
    except InvalidRequest as error:
        return error


def _rows(
    given: Sequence[object], read: Sequence[ItemRequest | ServiceError], taken: set[str]
) -> Iterator[BatchItem]:
    for original, item in zip(given, read, strict=True):
        if isinstance(item, ServiceError):
            yield refused(_name_in(original), item)
        elif item.custom_id in taken:
            yield refused(item.custom_id, DuplicateCustomId())
        else:
            taken.add(item.custom_id)
            yield BatchItem(custom_id=item.custom_id, request=stored(item))


def refused(custom_id: str | None, error: ServiceError) -> BatchItem:
    """What its caller is told of an item that can be no job."""
    row = BatchItem(custom_id=custom_id, request={}, state=ItemState.WAITING)
    row.refuse(error)
    return row


def _name_in(given: object) -> str | None:
    """As far as one can be made out."""
    name = given.get("custom_id") if isinstance(given, dict) else None
    return kept(name)[:LONGEST_ID] if isinstance(name, str) else None
