"""Word errors by role of a folder of calls, handed over as a user would: `callscribe bench call_words`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Final

import jiwer
import typer

from benchmarks.conclusion import Benchmark
from benchmarks.made_calls import ROLES, MadeCall, hibari, make_calls
from benchmarks.marks import Mark
from benchmarks.references import english
from benchmarks.systems import running_system
from cli.checkpoints import ensure_checkpoint
from cli.steps import Steps
from core.catalog import model_named
from embedded.system import System
from workers.finishing.swapped_legs import find_swapped_legs

MODEL: Final = "whisper-tiny.en"
SEED: Final = 20_261_122
MARKS: Final = (Mark("calls_failed", at_most=0), Mark("swapped_legs_told_as_given", at_most=0))
PACKAGES: Final = ("torch", "jiwer", "hibari-tts", "silero-vad")


def main(
    calls: Annotated[int, typer.Option(help="Calls in the folder.")] = 200,
    keep: Annotated[
        Path | None, typer.Option(help="Leave recordings and results here, in `recordings` and `out`.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write the result, busy or not.")] = None,
) -> None:
    """Make a folder of calls, submit it by one command, and hold what was heard against what was said."""
    benchmark = Benchmark("call_words")
    ensure_checkpoint(benchmark.console, model_named(MODEL))
    with ExitStack() as closing:
        root = keep or Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="callscribe-calls-")))
        steps = closing.enter_context(Steps(benchmark.console))
        steps.begin(f"speaking {calls} calls")
        made = make_calls(root / "recordings", count=calls, seed=SEED, speak=hibari())
        system = closing.enter_context(running_system(steps, models=(MODEL,)))
        steps.begin("submitting the folder")
        begin = time.monotonic()
        submit(system, root)
        seconds = time.monotonic() - begin
        figures = figures_of(made, root / "out", seconds)
    benchmark.conclude(figures, marks=MARKS, packages=PACKAGES, out=out)


def submit(system: System, root: Path) -> None:
    """From the folder to texts and a spreadsheet: the one command of the README."""
    environment = {
        **os.environ,
        "CALLSCRIBE_API_URL": system.api_url,
        "CALLSCRIBE_API_KEY": system.api_key,
        "CALLSCRIBE_STATE_DIR": str(root / "state"),
    }
    words = ["submit", str(root / "recordings"), "--manifest", str(root / "recordings" / "calls.csv")]
    words += ["--roles", "left=agent,right=customer", "--model", MODEL, "--language", "en"]
    words += ["--out", str(root / "out"), "--format", "json,csv", "--again"]
    subprocess.run([sys.executable, "-m", "cli.main", *words], env=environment, check=True)


def figures_of(made: Sequence[MadeCall], out: Path, seconds: float) -> dict[str, object]:
    said: dict[str, list[str]] = {role: [] for role in ROLES}
    heard: dict[str, list[str]] = {role: [] for role in ROLES}
    failed, hours = 0, 0.0
    swapped = {"as_given": 0, "if_swapped": 0}
    for call in made:
        try:
            transcript = json.loads((out / f"{call.name}.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            failed += 1
            continue
        hours += transcript["duration_ms"] / 3_600_000
        texts = [
            [each["text"] for each in transcript["segments"] if each["channel"] == channel]
            for channel in range(len(ROLES))
        ]
        for case, roles in (("as_given", ROLES), ("if_swapped", ROLES[::-1])):
            swapped[case] += bool(find_swapped_legs(dict(enumerate(roles)), dict(enumerate(texts))))
        for role, text in call.texts.items():
            said[role].append(english(text))
            parts = [each["text"] for each in transcript["utterances"] if each["role"] == role]
            heard[role].append(english(" ".join(parts)))
    rates = {f"{role}_wer_percent": round(100 * jiwer.wer(said[role], heard[role]), 1) for role in ROLES}
    return {
        "calls": len(made),
        "calls_failed": failed,
        "words": sum(len(text.split()) for texts in said.values() for text in texts),
        **rates,
        **_by_agent(made, said["agent"], heard["agent"]),
        "swapped_legs_told_as_given": swapped["as_given"],
        "swapped_legs_told_if_swapped": swapped["if_swapped"],
        "audio_hours": round(hours, 2),
        "rtfx": round(hours * 3600 / seconds, 1),
    }


def _by_agent(made: Sequence[MadeCall], said: Sequence[str], heard: Sequence[str]) -> dict[str, object]:
    """Of each agent's own words, if every call is there."""
    if len(said) != len(made):
        return {}
    names = sorted({call.agent.name for call in made})
    rates: dict[str, object] = {}
    for name in names:
        own = [place for place, call in enumerate(made) if call.agent.name == name]
        rate = jiwer.wer([said[place] for place in own], [heard[place] for place in own])
        rates[f"agent_{name.lower()}_wer_percent"] = round(100 * rate, 1)
    return rates


if __name__ == "__main__":
    typer.run(main)
