"""A real HTTP server on loopback that gives the answers it was told to give."""

from __future__ import annotations

import json
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from client import Access

JOB_ID: Final = "0b6f3a52-6d1c-4c8e-9a55-2f4f7d1a9e10"
KEY: Final = "cs_test_key"


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def form(self) -> dict[str, bytes]:
        """The parts of a multipart body by name."""
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        message = message_from_bytes(head + self.body, policy=policy.HTTP)
        parts = {}
        for part in message.iter_parts():
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            parts[str(part.get_param("name", header="content-disposition"))] = content
        return parts


@dataclass(frozen=True)
class Given:
    status: int
    body: bytes
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    when_taken: Callable[[], object] = dict
    """Called before it is given."""
    missing: int = 0
    """Bytes that are promised and never come: the connection is closed instead."""


@dataclass
class ScriptedApi:
    """Answers in the order in which they were given; the last one again and again."""

    url: str
    asked: list[Asked] = field(default_factory=list)
    answers: dict[tuple[str, str], deque[Given]] = field(default_factory=lambda: defaultdict(deque))

    @property
    def access(self) -> Access:
        return Access(api_url=self.url, api_key=KEY)

    def answer(self, method: str, path: str, content: object, *, status: int = 200) -> None:
        self.give(method, path, Given(status, json.dumps(content).encode()))

    def give(self, method: str, path: str, given: Given) -> None:
        self.answers[method, path].append(given)

    def answer_text(self, method: str, path: str, text: str, *, status: int = 200) -> None:
        self.answers[method, path].append(Given(status, text.encode(), "text/plain; charset=utf-8"))

    def refuse(self, method: str, path: str, *, status: int, code: str, detail: str) -> None:
        problem = {"code": code, "detail": detail, "status": status, "request_id": "r-1"}
        self.answer(method, path, problem, status=status)

    def take(self, asked: Asked) -> Given:
        self.asked.append(asked)
        answers = self.answers[asked.method, asked.path]
        given = answers.popleft() if len(answers) > 1 else answers[0]
        given.when_taken()
        return given


@contextmanager
def scripted_api() -> Iterator[ScriptedApi]:
    """Serves until the context ends."""

    class Desk(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            query = dict(parse_qsl(address.query))
            given = api.take(Asked(self.command, address.path, query, dict(self.headers), body))
            self.send_response(given.status)
            self.send_header("Content-Type", given.media_type)
            self.send_header("Content-Length", str(len(given.body) + given.missing))
            for name, value in given.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(given.body)
            self.close_connection = self.close_connection or given.missing > 0

        def do_POST(self) -> None:
            self.do_GET()

        def do_PUT(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Nothing: what was asked is kept."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Desk) as server:
        api = ScriptedApi(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield api
        finally:
            server.shutdown()
            thread.join()


def job(**changes: object) -> dict[str, object]:
    """A job as the API answers it."""
    return {
        "id": JOB_ID,
        "object": "job",
        "status": "queued",
        "stage": None,
        "progress": 0.0,
        "attempt": 1,
        "created_at": "2026-03-02T12:00:00Z",
        "expires_at": None,
        "model": "whisper-base",
        "language": None,
        "lane": "live",
        "metadata": {},
        "source": {"filename": "call.wav", "duration_ms": None},
        "timings_ms": {"queued": None, "total": None},
        "error": None,
    } | changes


COMPLETED: Final = {"status": "completed", "progress": 1.0}


def transcript() -> dict[str, object]:
    """A transcript as the API answers it: two turns that overlap."""
    turns = [(0, "agent", 300, 5_600, "How can I help?"), (1, "customer", 5_300, 9_000, "My bill is wrong.")]
    names = ("channel", "role", "start_ms", "end_ms", "text")
    return {
        "object": "transcript",
        "job_id": JOB_ID,
        "model": "whisper-base",
        "duration_ms": 61_250,
        "language": "en",
        "channels": [{"index": 0, "role": "agent"}, {"index": 1, "role": "customer"}],
        "utterances": [dict(zip(names, turn, strict=True)) for turn in turns],
        "warnings": [],
    }
