"""The far side of a submission over real connections."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from client.transport import ignore
from tests.unit.cli.bulk.far_side import FarSide


class Served:
    """Counts requests, and does something before the one that was chosen is answered."""

    def __init__(self, far_side: FarSide) -> None:
        self.far_side = far_side
        self.requests = 0
        self.before: Callable[[int], object] = ignore
        self._counting = threading.Lock()

    def take(self, request: httpx.Request) -> httpx.Response:
        with self._counting:
            self.requests += 1
            self.before(self.requests)
        return self.far_side.answer(request)


@contextmanager
def served(far_side: FarSide) -> Iterator[Served]:
    class Desk(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            url = f"{far_side.url}{self.path}"
            answer = desk.take(httpx.Request(self.command, url, headers=dict(self.headers), content=content))
            try:
                self.send_response(answer.status_code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)
            except ConnectionError:
                # Whoever asked was killed.
                self.close_connection = True

        do_GET = do_POST = do_PUT = answer  # noqa: N815 - as the library names them

        def log_message(self, *_: object) -> None:
            """Nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A connection that was cut off is what these tests are about."""

    desk = Served(far_side)
    with Server(("127.0.0.1", 0), Desk) as server:
        far_side.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield desk
        finally:
            server.shutdown()
            thread.join()
