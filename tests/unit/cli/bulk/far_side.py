"""The server and its storage as a submission sees them, in memory; each life of the client ends when told."""

from __future__ import annotations

import json
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx

from client import Access, Client, Patience
from client.transport import ignore
from tests.unit.client.batch_answers import batch

ACCESS = Access("http://far.test", "cs_key")


class Crash(BaseException):
    """The client's process is killed."""


@dataclass
class FarBatch:
    id: uuid.UUID
    asked: Mapping[str, object]
    items: dict[str, Mapping[str, object]] = field(default_factory=dict)
    is_closed: bool = False


@dataclass
class FarSide:
    """Keeps what the contract of `/v1/batches` says, and nothing more."""

    url: str = ACCESS.api_url
    batches: dict[str, FarBatch] = field(default_factory=dict)
    """By the idempotency key that made them."""
    stored: dict[uuid.UUID, bytes] = field(default_factory=dict)
    puts: Counter[bytes] = field(default_factory=Counter)
    refused: Mapping[str, str] = field(default_factory=dict)
    """Items that are refused, and why."""
    refuses_pages: bool = False
    """Whether one item that is refused spoils its whole page."""
    lets_nobody_upload: bool = False
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: httpx.Request) -> httpx.Response:
        with self._turn:
            match request.url.path.split("/")[2:]:
                case ["storage", upload_id]:
                    return self._put(uuid.UUID(upload_id), request.content)
                case ["uploads"]:
                    return self._begin_upload()
                case ["batches"]:
                    return self._create(request)
                case ["batches", batch_id, *what]:
                    return self._of_batch(self._find(batch_id), what, request.content)
        return httpx.Response(404)

    def all_items(self) -> list[str]:
        return [custom_id for each in self.batches.values() for custom_id in each.items]

    def content_of(self, custom_id: str) -> bytes:
        (item,) = [each.items[custom_id] for each in self.batches.values() if custom_id in each.items]
        return self.stored[uuid.UUID(str(item["upload_id"]))]

    def _put(self, upload_id: uuid.UUID, content: bytes) -> httpx.Response:
        self.puts[content] += 1
        self.stored[upload_id] = content
        return httpx.Response(200)

    def _begin_upload(self) -> httpx.Response:
        if self.lets_nobody_upload:
            return problem(401, "unauthenticated", "A valid API key is required.")
        upload_id = str(uuid.uuid4())
        place = {
            "id": upload_id,
            "url": f"{self.url}/v1/storage/{upload_id}",
            "expires_at": "2026-11-22T13:00:00Z",
        }
        return httpx.Response(201, json=place)

    def _of_batch(self, found: FarBatch, what: list[str], content: bytes) -> httpx.Response:
        if what == ["items"]:
            return self._add(found, json.loads(content)["items"])
        found.is_closed = found.is_closed or what == ["close"]
        counts = {"total": len(found.items), "queued": len(found.items)}
        status = "running" if found.is_closed else "open"
        return httpx.Response(200, json=batch(id=str(found.id), status=status, request_counts=counts))

    def _create(self, request: httpx.Request) -> httpx.Response:
        key = request.headers["Idempotency-Key"]
        made = self.batches.setdefault(key, FarBatch(uuid.uuid4(), json.loads(request.content)))
        return httpx.Response(201, json=batch(id=str(made.id), status="open"))

    def _add(self, found: FarBatch, items: list[dict[str, object]]) -> httpx.Response:
        if found.is_closed:
            return problem(409, "conflict", "The batch is closed.")
        ids = [str(item["custom_id"]) for item in items]
        if self.refuses_pages and self.refused.keys() & set(ids):
            return problem(422, "invalid_request", "Something in it is wrong.")
        refused = []
        for index, (custom_id, item) in enumerate(zip(ids, items, strict=True)):
            why = "duplicate_custom_id" if custom_id in found.items else self.refused.get(custom_id)
            if why is None:
                found.items[custom_id] = item
            else:
                refused.append({"index": index, "custom_id": custom_id, "code": why, "message": why})
        return httpx.Response(200, json={"accepted": len(ids) - len(refused), "refused": refused})

    def _find(self, batch_id: str) -> FarBatch:
        return next(each for each in self.batches.values() if str(each.id) == batch_id)


@dataclass
class Life:
    """One process of the client, from its start to its end; dead for ever after it was killed."""

    far_side: FarSide
    ends_at: int | None = None
    """The request at which it is killed; None lets it live."""
    after: bool = False
    """Whether that request still arrives."""
    on_request: Callable[[object], None] = ignore
    requests: int = 0
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def client(self) -> Client:
        patience = Patience(pauses=())
        return Client(ACCESS, patience, network=httpx.MockTransport(self._pass))

    @property
    def is_over(self) -> bool:
        return self.ends_at is not None and self.requests > self.ends_at

    def _pass(self, request: httpx.Request) -> httpx.Response:
        with self._turn:
            if self.is_over:
                raise Crash
            self.requests += 1
            if self.is_over and not self.after:
                raise Crash
            self.on_request(request)
            answer = self.far_side.answer(request)
            if self.is_over:
                raise Crash
            return answer


def problem(status: int, code: str, detail: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "detail": detail, "status": status})
