"""How many short calls a second go the whole way, beside a plain service: `callscribe bench throughput`.

Recordings of 10 s on two channels are sent by a few clients at once, over HTTP, to our system and to the
plain service of benchmarks/plain_service: FastAPI, Celery and Redis without any promise, with as many
worker processes, the same decoder, speech detection, cuts and scripted engine. The two take turns. Timed
is from the first recording that is sent to the last that is completed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Annotated, Final

import typer

from benchmarks.conclusion import Benchmark
from benchmarks.marks import Mark
from benchmarks.services import PACKAGES, Service, compared_in_turn, submit
from cli.steps import Steps

CLIENTS: Final = 4
WARM_UP: Final = 40
SETTLE_S: Final = 2.0
"""Between rounds, for what is done after the last call: upkeep, autovacuum."""
MARKS: Final = (Mark("ratio", at_least=0.5), Mark("lost", at_most=0))


@dataclass(frozen=True, slots=True)
class Round:
    jobs: int
    seconds: float
    cpu_seconds: Mapping[str, float]
    """By program."""

    @property
    def jobs_per_s(self) -> float:
        return self.jobs / self.seconds

    @property
    def cpu_ms_per_job(self) -> dict[str, float]:
        return {name: 1000 * seconds / self.jobs for name, seconds in self.cpu_seconds.items()}


def main(
    jobs: Annotated[int, typer.Option(help="Recordings of each round.")] = 300,
    rounds: Annotated[int, typer.Option(help="Of each of the two, in turn.")] = 3,
    seconds: Annotated[float, typer.Option(help="How long each recording is.")] = 10.0,
    out: Annotated[Path | None, typer.Option(help="Where to write the result, busy or not.")] = None,
) -> None:
    """Send recordings to our system and to a plain service in turn, and count what comes out."""
    benchmark = Benchmark("throughput")
    with Steps(benchmark.console) as steps:
        made, completed = compared_in_turn(
            steps,
            seconds=seconds,
            rounds=rounds,
            warm_up=partial(run_round, jobs=WARM_UP),
            trial=partial(run_round, jobs=jobs),
        )
    figures = {
        "recording_seconds": seconds,
        "recording_channels": 2,
        "lost": 2 * (WARM_UP + rounds * jobs) - completed,
        **figures_of(made["ours"], made["plain"]),
    }
    benchmark.conclude(figures, marks=MARKS, packages=PACKAGES, out=out)


def run_round(service: Service, content: bytes, *, jobs: int) -> Round:
    time.sleep(SETTLE_S)
    wanted = service.completed() + jobs
    before = service.cpu()
    begin = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as threads:
        shares = [jobs // CLIENTS + (number < jobs % CLIENTS) for number in range(CLIENTS)]
        for sent in [threads.submit(send, service, content, share) for share in shares]:
            sent.result()
    service.wait_for(wanted)
    seconds = time.perf_counter() - begin
    after = service.cpu()
    return Round(jobs, seconds, {name: after[name] - before[name] for name in after})


def send(service: Service, content: bytes, count: int) -> None:
    """One client, one recording after the other."""
    with service.client() as client:
        for _ in range(count):
            submit(client, content)


def figures_of(own: Sequence[Round], plain: Sequence[Round]) -> dict[str, object]:
    ratios = [mine.jobs_per_s / other.jobs_per_s for mine, other in zip(own, plain, strict=True)]
    own_ms, plain_ms = _typical(own), _typical(plain)
    return {
        "jobs_each_round": own[0].jobs,
        "rounds": len(own),
        "ours_jobs_per_s": round(median(each.jobs_per_s for each in own), 2),
        "plain_jobs_per_s": round(median(each.jobs_per_s for each in plain), 2),
        "ratio": round(median(ratios), 3),
        "ratio_of_each_round": [round(ratio, 3) for ratio in ratios],
        "ours_cpu_ms_per_job": round(sum(own_ms.values()), 1),
        "plain_cpu_ms_per_job": round(sum(plain_ms.values()), 1),
        **{f"ours_cpu_ms_{name}": round(ms, 1) for name, ms in own_ms.items()},
        **{f"plain_cpu_ms_{name.removeprefix('plain-')}": round(ms, 1) for name, ms in plain_ms.items()},
    }


def _typical(rounds: Sequence[Round]) -> dict[str, float]:
    """What each program took for a job, in the middle of the rounds."""
    return {name: median(each.cpu_ms_per_job[name] for each in rounds) for name in rounds[0].cpu_seconds}


if __name__ == "__main__":
    typer.run(main)
