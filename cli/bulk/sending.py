"""Sending a plan: each file once, whatever breaks off in between.

What happened is in the journal before the next thing happens. Where a crash comes before the line is
written, the thing is done again and does nothing the second time: the batch is asked for under the same
key, and an item that the batch has is refused as a duplicate. Only the bytes of a file that was on its way
go out twice.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from cli.bulk.journal import Journal
from cli.bulk.paging import pages
from cli.bulk.plan import Piece, Plan
from cli.bulk.pool import in_parallel
from cli.bulk.records import Added, Closed, Opened, Opening, Uploaded
from client import Client, NewItem
from client.uploads import presentable
from core.errors import InvalidRequest, PayloadTooLarge, PermanentError, Unauthenticated

FRESH_S: Final = 12 * 3600
"""How long an upload that no item names may be relied on: the server sweeps such objects after a day."""
IS_THERE: Final = "duplicate_custom_id"
"""What the server says of an item that it was sent before."""


class Audience(Protocol):
    """Whoever watches."""

    def on_sent(self, piece: Piece, sent: int) -> None: ...

    def on_uploaded(self) -> None: ...

    def on_look(self, batch_id: uuid.UUID) -> None:
        """About once a second."""


@dataclass(slots=True)
class Sender:
    client: Client
    journal: Journal
    audience: Audience
    at_once: int = 4
    """Files that are on their way at the same time."""
    clock: Callable[[], float] = time.time
    unsent: dict[str, str] = field(default_factory=dict)
    """Why a file could not be sent, by `custom_id`; it is tried again the next time."""

    def send(self, plan: Plan) -> uuid.UUID:
        """The batch, closed. What an earlier one has is not sent again: new files go into a new batch."""
        progress = self.journal.progress
        pending = [piece for piece in plan.pieces if not progress.is_settled(piece.custom_id)]
        if pending or progress.batch_id is None:
            batch_id = self._opened(plan)
            self._send_all(batch_id, pending)
        else:
            batch_id = progress.batch_id
        if not progress.is_closed:
            self.client.batches.close(batch_id)
            self.journal.note(Closed())
        return batch_id

    def _opened(self, plan: Plan) -> uuid.UUID:
        """The batch that takes items; asked for before anything is sent, as its options may be refused."""
        progress = self.journal.progress
        if progress.key is None or progress.is_closed:
            self.journal.note(Opening(str(uuid.uuid4())))
        if progress.batch_id is not None:
            return progress.batch_id
        batch = self.client.batches.create(
            name=plan.name, defaults=plan.defaults, is_open=True, key=progress.key
        )
        self.journal.note(Opened(batch.id))
        return batch.id

    def _send_all(self, batch_id: uuid.UUID, pending: Sequence[Piece]) -> None:
        ready = {piece.custom_id for piece in pending if self._is_ready(piece)}
        self._add(batch_id, [piece for piece in pending if piece.custom_id in ready])
        missing = [(piece, piece.path) for piece in pending if piece.path and piece.custom_id not in ready]
        for finished in in_parallel(self._upload, missing, at_once=self.at_once):
            self.unsent |= {piece.custom_id: why for piece, why in finished if why is not None}
            self._add(batch_id, [piece for piece, why in finished if why is None])
            self.audience.on_look(batch_id)

    def _is_ready(self, piece: Piece) -> bool:
        """It lies in storage, as it is on disk, or the server fetches it."""
        if piece.path is None:
            return True
        upload = self.journal.progress.uploads.get(piece.custom_id)
        if upload is None or self.clock() - upload.at > FRESH_S:
            return False
        return _fingerprint(piece.path) == (upload.size, upload.mtime_ns)

    def _upload(self, task: tuple[Piece, Path]) -> tuple[Piece, str | None]:
        """In a thread of its own; says why a file cannot be sent. A server that stays away ends all."""
        piece, path = task
        try:
            status = path.stat()
            upload_id = self.client.uploads.put(
                path, filename=piece.filename, on_sent=lambda sent: self.audience.on_sent(piece, sent)
            )
        except Unauthenticated:
            raise
        except (OSError, PermanentError) as error:
            return piece, str(error)
        # Here and not where it is listened for: there may be a queue.
        self.journal.note(
            Uploaded(piece.custom_id, upload_id, status.st_size, status.st_mtime_ns, self.clock())
        )
        self.audience.on_uploaded()
        return piece, None

    def _add(self, batch_id: uuid.UUID, pieces: Sequence[Piece]) -> None:
        for page in pages(self._item(piece) for piece in pieces):
            self.journal.note(self._added(batch_id, page))

    def _item(self, piece: Piece) -> NewItem:
        upload = self.journal.progress.uploads.get(piece.custom_id)
        return NewItem(
            piece.custom_id,
            upload_id=upload.upload_id if upload and piece.path else None,
            url=piece.url,
            filename=presentable(piece.filename) if piece.filename else None,
            options=piece.options,
        )

    def _added(self, batch_id: uuid.UUID, page: Sequence[NewItem]) -> Added:
        """One item that is not valid keeps no other back, also where a page is refused as a whole."""
        try:
            answer = self.client.batches.add(batch_id, page)
        except (InvalidRequest, PayloadTooLarge) as error:
            if len(page) == 1:
                return Added((), {page[0].custom_id: str(error)})
            middle = len(page) // 2
            return _together(self._added(batch_id, page[:middle]), self._added(batch_id, page[middle:]))
        refused = {
            page[refusal.index].custom_id: refusal.message
            for refusal in answer.refused
            if refusal.code != IS_THERE
        }
        return Added(tuple(item.custom_id for item in page if item.custom_id not in refused), refused)


def _together(one: Added, other: Added) -> Added:
    return Added(one.custom_ids + other.custom_ids, one.refused | other.refused)


def _fingerprint(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
