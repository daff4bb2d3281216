"""How long fifty clients wait until a recording is safe, beside a plain service: `callscribe bench submit`.

Each client sends a recording of 10 s on two channels, waits for the 202, and sends the next one; the
workers do their work meanwhile on the same cores. Ours says 202 when the recording is in storage and the
job is on Postgres' disk; the plain service, when its broker has the message in memory. The two take turns.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from threading import Barrier
from typing import Annotated, Final

import httpx
import typer

from benchmarks.conclusion import Benchmark
from benchmarks.marks import Mark
from benchmarks.services import PACKAGES, Service, compared_in_turn, submit
from benchmarks.spread import percentile
from cli.steps import Steps

SECONDS: Final = 10.0
MARKS: Final = (Mark("lost", at_most=0),)


@dataclass(frozen=True, slots=True)
class Rush:
    """All clients at once."""

    waits_s: Sequence[float]
    """From the first byte sent to the answer, of every recording."""
    seconds: float
    """From the first request to the last answer."""


def main(
    clients: Annotated[int, typer.Option(help="That wait at the same time.")] = 50,
    each: Annotated[int, typer.Option(help="Recordings of each client, one after the other.")] = 20,
    rounds: Annotated[int, typer.Option(help="Of each of the two, in turn.")] = 2,
) -> None:
    """Send recordings from many clients at once to our system and to a plain service."""
    benchmark = Benchmark("submit")
    with Steps(benchmark.console) as steps:
        rushes, completed = compared_in_turn(
            steps,
            seconds=SECONDS,
            rounds=rounds,
            warm_up=partial(rush, clients=clients, each=1),
            trial=partial(rush, clients=clients, each=each),
        )
    lost = 2 * clients * (1 + rounds * each) - completed
    figures = {"clients": clients, "lost": lost, **figures_of(rushes["ours"], rushes["plain"])}
    benchmark.conclude(figures, marks=MARKS, packages=PACKAGES)


def rush(service: Service, content: bytes, *, clients: int, each: int) -> Rush:
    """Ends when all that was sent is completed, so that the next one begins with nothing to do."""
    wanted = service.completed() + clients * each
    start = Barrier(clients)

    def send() -> list[tuple[float, float]]:
        with service.client() as client:
            start.wait()
            return [_timed(client, content) for _ in range(each)]

    with ThreadPoolExecutor(clients) as threads:
        sending = [threads.submit(send) for _ in range(clients)]
        times = [times for sent in sending for times in sent.result()]
    service.wait_for(wanted)
    return Rush(
        waits_s=[end - begin for begin, end in times],
        seconds=max(end for _, end in times) - min(begin for begin, _ in times),
    )


def figures_of(own: Sequence[Rush], plain: Sequence[Rush]) -> dict[str, object]:
    figures = {**_figures("ours", own), **_figures("plain", plain)}
    return {**figures, "p99_ratio": round(_wait_ms(own, 99) / _wait_ms(plain, 99), 2)}


def _figures(name: str, rushes: Sequence[Rush]) -> dict[str, float]:
    sent = sum(len(each.waits_s) for each in rushes)
    return {
        f"{name}_recordings": sent,
        f"{name}_p50_ms": round(_wait_ms(rushes, 50)),
        f"{name}_p99_ms": round(_wait_ms(rushes, 99)),
        f"{name}_submits_per_s": round(sent / sum(each.seconds for each in rushes), 1),
    }


def _wait_ms(rushes: Sequence[Rush], percent: int) -> float:
    return 1000 * percentile([wait for each in rushes for wait in each.waits_s], percent)


def _timed(client: httpx.Client, content: bytes) -> tuple[float, float]:
    begin = time.perf_counter()
    submit(client, content)
    return begin, time.perf_counter()


if __name__ == "__main__":
    typer.run(main)
