"""The API behind a real port, for what only a network shows."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import httpx

from api.app import create_app
from api.server import server_of
from api.settings import ApiSettings

BOUNDARY: Final = "call"
FORM_TYPE: Final = f"multipart/form-data; boundary={BOUNDARY}"
FILE_HEAD: Final = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="call.wav"\r\n\r\n'.encode()
)
FILE_END: Final = f"\r\n--{BOUNDARY}--\r\n".encode()

PATIENCE: Final = 60.0


@dataclass(frozen=True, slots=True)
class LiveApi:
    port: int
    key: str

    def client(self) -> httpx.Client:
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=PATIENCE,
            trust_env=False,
        )

    @contextmanager
    def upload(self, **headers: str) -> Iterator[socket.socket]:
        """A connection on which the headers of an upload were sent, and nothing more."""
        lines = {
            "Host": "api",
            "Authorization": f"Bearer {self.key}",
            "Content-Type": FORM_TYPE,
            "Connection": "close",
        }
        lines |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as connection:
            connection.sendall(f"POST /v1/jobs HTTP/1.1\r\n{head}\r\n".encode())
            yield connection


@contextmanager
def served(settings: ApiSettings, key: str) -> Iterator[LiveApi]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = server_of(create_app(settings), settings)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield LiveApi(port=listener.getsockname()[1], key=key)
    finally:
        server.should_exit = True
        thread.join()


def answer_on(connection: socket.socket) -> str:
    """Everything until the server closes the connection."""
    received = b"".join(iter(lambda: connection.recv(65_536), b""))
    return received.decode()


def until(condition: Callable[[], bool]) -> None:
    """Return as soon as it holds; fail when it does not within some seconds."""
    ticks = threading.Event()
    for _ in range(int(PATIENCE / 0.02)):
        if condition():
            return
        ticks.wait(0.02)
    raise AssertionError("It did not come about.")
