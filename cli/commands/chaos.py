"""callscribe chaos"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.steps import Steps

if TYPE_CHECKING:
    from chaos.conduct import Outcome

app = typer.Typer(add_completion=False)


@app.command()
def chaos(
    seed: Annotated[int, typer.Option(help="Decides which faults come when.")] = 1,
    seconds: Annotated[float, typer.Option(min=1, help="How long faults come.")] = 60.0,
) -> None:
    """Break a running system on purpose and see whether it keeps its promises. Status 1 if it does not."""
    from chaos.conduct import Scenario, conduct  # noqa: PLC0415 - only in a source tree
    from chaos.evidence import workplace  # noqa: PLC0415

    console = Console(stderr=True)
    with Steps(console) as steps, workplace() as directory:
        outcome = conduct(Scenario(seed=seed, seconds=seconds), directory, say=steps.begin)
    Console().print(faults_of(outcome), verdict_on(outcome))
    raise typer.Exit(0 if outcome.verdict.is_clean else 1)


def faults_of(outcome: Outcome) -> Table:
    table = Table(title=f"{outcome.fault_count} faults", title_justify="left")
    table.add_column("fault")
    table.add_column("times", justify="right")
    for name, count in outcome.faults.items():
        table.add_row(name, str(count))
    return table


def verdict_on(outcome: Outcome) -> Table:
    ends = ", ".join(f"{count:,} {state}" for state, count in sorted(outcome.verdict.ends.items()))
    title = (
        f"{outcome.acknowledged:,} jobs acknowledged ({outcome.refused:,} submissions repeated): {ends}; "
        f"all at rest {outcome.seconds_to_quiet:.0f} s after the last fault"
    )
    table = Table(title=title, title_justify="left")
    table.add_column("must not be")
    table.add_column("found", justify="right")
    table.add_column()
    for name, count in outcome.verdict.breaches.items():
        table.add_row(name, str(count), "BREACH" if count else "")
    return table
