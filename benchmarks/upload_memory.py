"""How much memory the API needs for a large upload: `python -m benchmarks.upload_memory`."""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import httpx
import psutil
from pydantic import SecretStr

from benchmarks.report import write_result
from core.database import open_sessions
from embedded.settings import EmbeddedSettings, inherited_environment
from embedded.stack import EmbeddedStack
from migrations.upgrade import upgrade
from models.repositories.api_keys import ApiKeyRepository
from models.repositories.owners import OwnerRepository

MIB: Final = 1024**2
LIMIT_MIB: Final = 150
"""Above idle; what the project promises."""
SAMPLE_EVERY: Final = 0.02
IDLE_SECONDS: Final = 2.0

SERVE: Final = "import sys; from api.server import serve; serve(port=int(sys.argv[1]))"
HEAD: Final = b'--call\r\nContent-Disposition: form-data; name="file"; filename="call.wav"\r\n\r\n'
END: Final = b"\r\n--call--\r\n"


@dataclass
class MemorySampler:
    """Resident memory of a process, while the context is open."""

    process: psutil.Process
    samples: list[float] = field(default_factory=list)
    """MiB."""

    def __enter__(self) -> Self:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._stop.is_set():
            self.samples.append(self.process.memory_info().rss / MIB)
            self._stop.wait(SAMPLE_EVERY)


@contextmanager
def api_process(environment: dict[str, str]) -> Iterator[tuple[str, psutil.Process]]:
    """An API of its own, as `callscribe api` runs it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    serving = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(port)],
        env={**inherited_environment(), **environment},
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_ready(f"http://127.0.0.1:{port}", serving)
        yield f"http://127.0.0.1:{port}", psutil.Process(serving.pid)
    finally:
        serving.terminate()
        serving.wait()


def _wait_until_ready(url: str, serving: subprocess.Popen[bytes]) -> None:
    while serving.poll() is None:
        try:
            if httpx.get(f"{url}/readyz", trust_env=False, timeout=10).is_success:
                return
        except httpx.TransportError:
            pass  # it does not listen yet
        time.sleep(0.1)
    raise SystemExit("The API did not start.")


def issued_key(database_url: SecretStr, name: str) -> str:
    upgrade(database_url)
    with open_sessions(database_url, process="benchmark").begin() as session:
        owner = OwnerRepository(session).named("benchmark")
        return ApiKeyRepository(session).issue(owner, name=name).shown


def _upload(url: str, key: str, size_bytes: int) -> float:
    """Seconds until 202. The body has no Content-Length, and is never whole anywhere."""
    block = os.urandom(MIB)

    def body() -> Iterator[bytes]:
        yield HEAD
        for _ in range(size_bytes // MIB):
            yield block
        yield END

    begin = time.monotonic()
    answer = httpx.post(
        f"{url}/v1/jobs",
        content=body(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "multipart/form-data; boundary=call"},
        timeout=600,
        trust_env=False,
    )
    answer.raise_for_status()
    if answer.json()["source"]["size_bytes"] != size_bytes:
        raise SystemExit("The recording did not arrive as a whole.")
    return time.monotonic() - begin


def measure(size_bytes: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="upload_memory_") as state_dir:
        settings = EmbeddedSettings(state_dir=Path(state_dir))
        with EmbeddedStack(settings) as stack:
            key = issued_key(SecretStr(stack.environment["CALLSCRIBE_DATABASE_URL"]), "upload_memory")
            with api_process(stack.environment) as (url, process):
                with MemorySampler(process) as idle:
                    time.sleep(IDLE_SECONDS)
                with MemorySampler(process) as busy:
                    seconds = _upload(url, key, size_bytes)
    idle_mib, peak_mib = statistics.median(idle.samples), max(busy.samples)
    return {
        "upload_mib": size_bytes // MIB,
        "idle_mib": round(idle_mib, 1),
        "peak_mib": round(peak_mib, 1),
        "above_idle_mib": round(peak_mib - idle_mib, 1),
        "limit_above_idle_mib": LIMIT_MIB,
        "seconds": round(seconds, 1),
        "mib_per_second": round(size_bytes / MIB / seconds, 1),
        "samples": len(busy.samples),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=1024, help="size of the upload")
    figures = measure(parser.parse_args().mib * MIB)
    for name, figure in figures.items():
        print(f"{name:24} {figure:>10}")
    print(
        write_result("upload_memory", figures, packages=("fastapi", "uvicorn", "python-multipart", "boto3"))
    )


if __name__ == "__main__":
    main()
