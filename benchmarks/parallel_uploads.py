"""How much memory the API needs for many large recordings at once: `callscribe bench parallel_uploads`.

Each of a hundred clients sends one recording of 100 MiB in a form, all at the same time, and sends it again
when it is told that there is no place, as the project's own client does. The recordings lie in storage in
the end, and nowhere else on the way: no client holds more than a block of its own.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from threading import Barrier
from typing import Annotated, Final

import httpx
import typer
from pydantic import SecretStr

from benchmarks.conclusion import Benchmark
from benchmarks.marks import Mark
from benchmarks.spread import percentile
from benchmarks.upload_memory import END, HEAD, IDLE_SECONDS, MIB, MemorySampler, api_process, issued_key
from cli.steps import Steps
from embedded.settings import EmbeddedSettings
from embedded.stack import EmbeddedStack

MARKS: Final = (Mark("peak_mib", at_most=300), Mark("lost", at_most=0))
BLOCK: Final = os.urandom(MIB)
PATIENCE_S: Final = 900


@dataclass(frozen=True, slots=True)
class Sent:
    seconds: float
    """From the first try to the 202."""
    refusals: int
    """Tries that were answered with 503."""
    is_whole: bool


def main(
    count: Annotated[int, typer.Option(help="Recordings, all at once.")] = 100,
    mib: Annotated[int, typer.Option(help="Of each.")] = 100,
    out: Annotated[Path | None, typer.Option(help="Write here instead, whatever the load.")] = None,
) -> None:
    """Send many large recordings through the API at once and look at its memory."""
    benchmark = Benchmark("parallel_uploads")
    with Steps(benchmark.console) as steps, tempfile.TemporaryDirectory(prefix="callscribe-bench-") as home:
        steps.begin("starting servers")
        with EmbeddedStack(EmbeddedSettings(state_dir=Path(home))) as stack:
            key = issued_key(SecretStr(stack.environment["CALLSCRIBE_DATABASE_URL"]), "parallel_uploads")
            with api_process(stack.environment) as (url, process):
                with MemorySampler(process) as idle:
                    time.sleep(IDLE_SECONDS)
                steps.begin(f"sending {count} recordings of {mib} MiB")
                begin = time.monotonic()
                with MemorySampler(process) as busy:
                    sent = send_all(url, key, count=count, blocks=mib)
                seconds = time.monotonic() - begin
            steps.begin("stopping everything")
    figures = {
        "count": count,
        "mib": mib,
        "idle_mib": round(statistics.median(idle.samples), 1),
        "peak_mib": round(max(busy.samples), 1),
        "lost": sum(not each.is_whole for each in sent),
        "refusals": sum(each.refusals for each in sent),
        "seconds": round(seconds, 1),
        "mib_per_second": round(count * mib / seconds, 1),
        "median_s": round(percentile([each.seconds for each in sent], 50), 1),
        "samples": len(busy.samples),
    }
    packages = ("fastapi", "uvicorn", "python-multipart", "boto3")
    benchmark.conclude(figures, marks=MARKS, packages=packages, out=out)


def send_all(url: str, key: str, *, count: int, blocks: int) -> list[Sent]:
    start = Barrier(count)

    def send() -> Sent:
        start.wait()
        return _send(url, key, blocks)

    with ThreadPoolExecutor(count) as threads:
        return [future.result() for future in [threads.submit(send) for _ in range(count)]]


def _send(url: str, key: str, blocks: int) -> Sent:
    """Again after what the answer asks for, while the server is busy."""
    begin = time.monotonic()
    refusals = 0
    while True:
        answer = _post(url, key, blocks)
        if answer is None or answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            refusals += 1
            time.sleep(float(answer.headers.get("Retry-After", 1)) if answer is not None else 1.0)
            continue
        is_whole = answer.is_success and answer.json()["source"]["size_bytes"] == blocks * MIB
        return Sent(time.monotonic() - begin, refusals, is_whole)


def _post(url: str, key: str, blocks: int) -> httpx.Response | None:
    """None where the connection ended while the body was sent, as it does after a refusal."""
    try:
        return httpx.post(
            f"{url}/v1/jobs",
            content=_body(blocks),
            headers={"Authorization": f"Bearer {key}", "Content-Type": "multipart/form-data; boundary=call"},
            timeout=PATIENCE_S,
            trust_env=False,
        )
    except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
        return None


def _body(blocks: int) -> Iterator[bytes]:
    yield HEAD
    for _ in range(blocks):
        yield BLOCK
    yield END


if __name__ == "__main__":
    typer.run(main)
