"""Batches: many recordings that are submitted, followed and read together."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal, TypeAlias, TypeVar

from pydantic import JsonValue

from client.answers import Page
from client.batch_answers import AddedItems, Batch, BatchItem, Result, Reviewed
from client.following import LOOK_EVERY, follow
from client.lines import lines_of
from client.options import DEFAULTS, SubmitOptions
from client.paging import each_of
from client.transport import Transport
from core.errors import ServerUnreachable

ITEMS_AT_ONCE: Final = 10_000
"""What one request may add."""
PAGE: Final = "1000"
ITEMS_A_SECOND: Final = 10_000
"""Whoever follows a batch has the server count so many of its items at most."""
LONGEST_LOOK: Final = 30.0

Form: TypeAlias = Literal["jsonl", "csv"]
Numbered = TypeVar("Numbered", Result, BatchItem)


@dataclass(frozen=True, slots=True)
class NewItem:
    """One recording of a batch: an upload, an object that the server may read, or a file of its zip."""

    custom_id: str
    upload_id: uuid.UUID | None = None
    url: str | None = None
    file: str | None = None
    filename: str | None = None
    options: SubmitOptions = DEFAULTS

    def body(self) -> dict[str, JsonValue]:
        given: dict[str, JsonValue] = {
            "custom_id": self.custom_id,
            "upload_id": None if self.upload_id is None else str(self.upload_id),
            "url": self.url,
            "file": self.file,
            "filename": self.filename,
        }
        return {name: value for name, value in given.items() if value is not None} | self.options.body()


@dataclass(frozen=True, slots=True)
class Source:
    """Where the server finds items by itself: in a manifest or a zip that was uploaded, or below a prefix."""

    type: Literal["manifest", "prefix", "zip"]
    upload_id: uuid.UUID | None = None
    url: str | None = None
    """`s3://bucket/prefix/`"""
    form: Form | None = None
    """Of a manifest."""
    suffixes: Sequence[str] = ()
    """Of a prefix: only objects whose keys end so."""

    def body(self) -> dict[str, JsonValue]:
        given: dict[str, JsonValue] = {
            "type": self.type,
            "upload_id": None if self.upload_id is None else str(self.upload_id),
            "url": self.url,
            "format": self.form,
            "suffixes": [*self.suffixes] or None,
        }
        return {name: value for name, value in given.items() if value is not None}


class Batches:
    """`/v1/batches`. Errors are raised as by `Client`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        items: Iterable[NewItem] = (),
        *,
        name: str | None = None,
        metadata: Mapping[str, JsonValue] | None = None,
        defaults: SubmitOptions = DEFAULTS,
        source: Source | None = None,
        is_open: bool = False,
        key: str | None = None,
    ) -> Batch:
        """With `is_open`, items may follow by `add` until `close`. The same `key` makes the same batch."""
        body: dict[str, JsonValue] = {"open": is_open, "defaults": defaults.body()}
        listed = [item.body() for item in items]
        given: dict[str, JsonValue] = {
            "name": name,
            "metadata": None if metadata is None else {**metadata},
            "items": [*listed] or None,
            "source": None if source is None else source.body(),
        }
        body |= {field: value for field, value in given.items() if value is not None}
        return self._transport.post(Batch, "/v1/batches", body, key=key or str(uuid.uuid4()), repeat=True)

    def add(self, batch_id: uuid.UUID, items: Sequence[NewItem]) -> AddedItems:
        """What the batch has already is refused as `duplicate_custom_id`: adding twice does no harm."""
        body: dict[str, JsonValue] = {"items": [item.body() for item in items]}
        return self._transport.post(AddedItems, f"/v1/batches/{batch_id}/items", body, repeat=True)

    def close(self, batch_id: uuid.UUID) -> Batch:
        """No more items will come. Repeating it does no harm, as with `cancel`."""
        return self._act(batch_id, "close")

    def cancel(self, batch_id: uuid.UUID) -> Batch:
        return self._act(batch_id, "cancel")

    def retry_failed(self, batch_id: uuid.UUID) -> Batch:
        """Failed and expired items run again, under new jobs."""
        return self._act(batch_id, "retry-failed")

    def get(self, batch_id: uuid.UUID, *, wait: float = 0) -> Batch:
        """Where a batch stands, as soon as it is over or after `wait` seconds, 60 at most."""
        return self._transport.get(Batch, f"/v1/batches/{batch_id}", {"wait": str(wait)}, wait=wait)

    def follow(self, batch_id: uuid.UUID) -> Iterator[Batch]:
        """The batch each time it was looked at, once a second; a large one less often. The last is over."""
        items = 0

        def look() -> Batch:
            nonlocal items
            # The server counts them each time.
            batch = self.get(batch_id, wait=min(max(LOOK_EVERY, items / ITEMS_A_SECOND), LONGEST_LOOK))
            items = batch.request_counts.total
            return batch

        return follow(look)

    def wait(self, batch_id: uuid.UUID) -> Batch:
        """The batch once it is over, however its items ended."""
        *_, batch = self.follow(batch_id)
        return batch

    def newest(self, *, limit: int | None = None) -> Iterator[Batch]:
        """One's own, newest first; all of them without a `limit`."""
        return islice(each_of(self._transport, Page[Batch], "/v1/batches"), limit)

    def items(self, batch_id: uuid.UUID, *, status: Sequence[str] = ()) -> Iterator[BatchItem]:
        """In the order of their numbers."""
        query = {"limit": PAGE, **({"status": [*status]} if status else {})}
        return each_of(self._transport, Page[BatchItem], f"/v1/batches/{batch_id}/items", query)

    def results(self, batch_id: uuid.UUID) -> Iterator[Result]:
        """What is completed so far, one at a time: they never lie in memory together."""
        return self._each(Result, f"/v1/batches/{batch_id}/results")

    def results_as(self, batch_id: uuid.UUID, form: Form) -> AbstractContextManager[Iterator[bytes]]:
        """The same as the server writes it, piece by piece, while the context is open."""
        return self._transport.stream(f"/v1/batches/{batch_id}/results", {"format": form})

    def errors(self, batch_id: uuid.UUID) -> Iterator[BatchItem]:
        """Items that were refused, failed, canceled or expired."""
        return self._each(BatchItem, f"/v1/batches/{batch_id}/errors")

    def errors_as(self, batch_id: uuid.UUID, form: Form) -> AbstractContextManager[Iterator[bytes]]:
        return self._transport.stream(f"/v1/batches/{batch_id}/errors", {"format": form})

    def review(self, batch_id: uuid.UUID, *, limit: int = 20) -> list[Reviewed]:
        """The calls to listen to first, the least trusted of them first."""
        path = f"/v1/batches/{batch_id}/review"
        return self._transport.get(Page[Reviewed], path, {"limit": str(limit)}).data

    def _each(self, kind: type[Numbered], path: str) -> Iterator[Numbered]:
        """A stream that breaks off goes on after what was read; one that says nothing more is an error."""
        last, read = 0, True
        while read:
            read = False
            try:
                with self._transport.stream(path, {"format": "jsonl", "after": str(last)}) as pieces:
                    for line in lines_of(pieces):
                        entry = self._transport.known(kind, line)
                        last, read = entry.number, True
                        yield entry
                return
            except ServerUnreachable:
                if not read:
                    raise

    def _act(self, batch_id: uuid.UUID, what: str) -> Batch:
        return self._transport.post(Batch, f"/v1/batches/{batch_id}/{what}", repeat=True)
