"""A model hub on a loopback port: one repository, served as the real one serves its files."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, cast

REPOSITORY: Final = "acme/whisper"
COMMIT: Final = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class FakeHub:
    """What is in the repository, and where it is served."""

    files: dict[str, bytes]
    unlisted: tuple[str, ...] = ()
    """Files that its list of files forgets."""
    url: str = ""


@contextmanager
def serving(hub: FakeHub) -> Iterator[FakeHub]:
    server = _Server(hub)
    thread = threading.Thread(target=server.serve_forever, name="fake hub", daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    def __init__(self, hub: FakeHub) -> None:
        self.hub = hub
        super().__init__(("127.0.0.1", 0), _Answer)


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._file(body=False)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        api = f"/api/models/{REPOSITORY}"
        files = self._hub.files
        if path.startswith(f"{api}/tree/"):
            listed = {name: files[name] for name in files if name not in self._hub.unlisted}
            self._json(
                [{"type": "file", "path": n, "size": len(c), "oid": _tag(c)} for n, c in listed.items()]
            )
        elif path == api or path.startswith(f"{api}/revision/"):
            siblings = [{"rfilename": n, "size": len(c), "blobId": _tag(c)} for n, c in files.items()]
            self._json({"id": REPOSITORY, "modelId": REPOSITORY, "sha": COMMIT, "siblings": siblings})
        else:
            self._file(body=True)

    @property
    def _hub(self) -> FakeHub:
        return cast("_Server", self.server).hub

    def _json(self, answer: object) -> None:
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _file(self, *, body: bool) -> None:
        name = self.path.partition(f"/{REPOSITORY}/resolve/{COMMIT}/")[2]
        content = self._hub.files.get(name)
        if content is None:
            self.send_error(404)
            return
        start = int(self.headers.get("Range", "bytes=0-")[6:].partition("-")[0])
        self.send_response(206 if start else 200)
        self.send_header("ETag", f'"{_tag(content)}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if body:
            self.wfile.write(content[start:])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Silent."""


def _tag(content: bytes) -> str:
    return sha256(content).hexdigest()[:40]
