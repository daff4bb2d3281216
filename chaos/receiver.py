"""A receiver of webhooks as bad as they come, which remembers every event that it has taken."""

from __future__ import annotations

import json
import random
import socket
import struct
import threading
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Self

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from chaos.proxy import LOOPBACK

MOODS: Final = {"take": 80, "break": 6, "take and break off": 6, "redirect": 4, "hang": 4}
"""How often each, of a hundred requests."""
ANSWERS: Final = {"take": 204, "break": 500, "take and break off": None, "redirect": 302, "hang": None}
HANG_S: Final = 3.0


@dataclass(slots=True)
class Mailbox:
    """What was taken. Thread-safe."""

    bodies: dict[str, bytes] = field(default_factory=dict)
    """By event."""
    jobs: Counter[str] = field(default_factory=Counter)
    """How many different events told of each job's end."""
    forged: int = 0
    """Requests whose signature does not hold."""
    changed: int = 0
    """Events that came again with another body."""
    repeated: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, event_id: str, body: bytes) -> None:
        with self._lock:
            if event_id in self.bodies:
                self.repeated += 1
                self.changed += self.bodies[event_id] != body
                return
            self.bodies[event_id] = body
            self.jobs[json.loads(body)["data"]["job_id"]] += 1

    def refuse_forgery(self) -> None:
        with self._lock:
            self.forged += 1


class Receiver:
    """Serves from entering to leaving the context."""

    def __init__(self, *, seed: int) -> None:
        self.mailbox = Mailbox()
        self.secrets: list[str] = []
        """Of the endpoints that were told this address; signatures are held against all of them."""
        self.is_calm = threading.Event()
        """Once set it takes everything at once."""
        self._chance = random.Random(seed)  # noqa: S311 - no secret
        self._server = ThreadingHTTPServer((LOOPBACK, 0), type("Handler", (_Handler,), {"receiver": self}))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self._server.server_port}/events"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, name="receiver")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def mood(self) -> str:
        if self.is_calm.is_set():
            return "take"
        return self._chance.choices(list(MOODS), list(MOODS.values()))[0]

    def is_genuine(self, body: bytes, headers: dict[str, str]) -> bool:
        return any(_holds(Webhook(secret), body, headers) for secret in self.secrets)


def _holds(webhook: Webhook, body: bytes, headers: dict[str, str]) -> bool:
    try:
        webhook.verify(body.decode(), headers)
    except (WebhookVerificationError, ValueError):
        return False
    return True


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver
    """Whose moods it has."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        if not self.receiver.is_genuine(body, headers):
            self.receiver.mailbox.refuse_forgery()
            self._answer(400)
            return
        mood = self.receiver.mood()
        if mood.startswith("take"):
            self.receiver.mailbox.take(headers["webhook-id"], body)
        if mood == "hang":
            threading.Event().wait(HANG_S)
        self._answer(ANSWERS[mood])

    def _answer(self, status: int | None) -> None:
        """Or none, and the connection is reset."""
        if status is None:
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Silent: what matters is in the mailbox."""
