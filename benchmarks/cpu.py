"""Whisper on this machine's cores: ours against transformers and faster-whisper, on the same clips."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Final

import jiwer
import typer

from benchmarks.conclusion import Benchmark
from benchmarks.contenders import CONTENDERS, Checkpoint, Contender, Heard, convert
from benchmarks.marks import Mark
from benchmarks.references import english
from benchmarks.speech_mixes import Clip, mixes
from cli.checkpoints import ensure_checkpoint
from cli.steps import Steps
from core.catalog import model_named
from core.settings import ModelStoreSettings
from workers.engines import checkpoints

MODELS: Final = {"base": ("whisper-base", "en"), "tiny_en": ("whisper-tiny.en", None)}
"""By the figures' first word: the model, and the language that every contender is told."""
MIXES: Final = ("turns", "windows")
FASTER_WHISPERS: Final = ("faster_whisper", "faster_whisper_batched")
RIVAL: Final = "faster-whisper>=1.2,<2"
PACKAGES: Final = ("torch", "transformers", "faster-whisper", "ctranslate2", "jiwer")
MARKS: Final = tuple(
    mark
    for model in MODELS
    for mark in (
        *(Mark(f"{model}_{mix}_times_faster_whisper", at_least=1.3) for mix in MIXES),
        *(Mark(f"{model}_{mix}_times_transformers_1", at_least=3.0) for mix in MIXES),
        Mark(f"{model}_wer_points_above_faster_whisper", at_most=0.5),
    )
)

Runs = Mapping[str, Mapping[str, Sequence[Heard]]]
"""By contender and mix, what each repetition brought."""


def main(
    repeats: Annotated[int, typer.Option(help="How often each contender hears each clip.")] = 3,
) -> None:
    """Let every contender in turn hear the same clips, several times; the best time of each counts."""
    if find_spec("faster_whisper") is None:
        raise typer.BadParameter(f"It needs faster-whisper: .venv/bin/python -m pip install '{RIVAL}'")
    benchmark = Benchmark("cpu")
    for model, _ in MODELS.values():
        ensure_checkpoint(benchmark.console, model_named(model))
    speech = mixes()
    figures: dict[str, object] = {
        f"{mix}_seconds": round(sum(clip.seconds for clip in clips), 1) for mix, clips in speech.items()
    }
    with Steps(benchmark.console) as steps, tempfile.TemporaryDirectory() as directory:
        for short, (model, language) in MODELS.items():
            steps.begin(f"converting {model} for CTranslate2")
            found = checkpoints.locate(model_named(model), ModelStoreSettings())
            checkpoint = Checkpoint(model, found.path, Path(directory) / model, language)
            convert(checkpoint.transformers, checkpoint.ctranslate2)
            steps.begin(f"hearing with {model}")
            figures |= figures_of(short, speech, run(checkpoint, speech, repeats))
    benchmark.conclude(figures, marks=MARKS, packages=PACKAGES)


def run(checkpoint: Checkpoint, speech: Mapping[str, Sequence[Clip]], repeats: int) -> Runs:
    """In turn, so that a busy moment of the machine hits all of them; the first round is not counted."""
    runs: dict[str, dict[str, list[Heard]]] = {name: {mix: [] for mix in speech} for name in CONTENDERS}
    with ExitStack() as stack:
        all_of_them = {name: stack.enter_context(Contender(name, checkpoint)) for name in CONTENDERS}
        for contender in all_of_them.values():
            contender.hear([clip.samples for clip in speech["turns"][:1]])
        for _ in range(repeats):
            for mix, clips in speech.items():
                for name, contender in all_of_them.items():
                    runs[name][mix].append(contender.hear([clip.samples for clip in clips]))
    return runs


def figures_of(model: str, speech: Mapping[str, Sequence[Clip]], runs: Runs) -> dict[str, object]:
    speed = {
        (name, mix): sum(clip.seconds for clip in clips) / min(heard.seconds for heard in runs[name][mix])
        for name in runs
        for mix, clips in speech.items()
    }
    errors = {name: word_error_rate(speech, runs[name]) for name in runs}
    figures: dict[str, object] = {}
    for mix in speech:
        figures |= {f"{model}_{mix}_{name}_rtfx": round(speed[name, mix], 1) for name in runs}
        rival = max(speed[name, mix] for name in FASTER_WHISPERS)
        ours = speed["callscribe", mix]
        figures[f"{model}_{mix}_times_faster_whisper"] = round(ours / rival, 2)
        figures[f"{model}_{mix}_times_transformers_1"] = round(ours / speed["transformers_1", mix], 2)
    figures |= {f"{model}_{name}_wer_percent": round(rate, 2) for name, rate in errors.items()}
    figures[f"{model}_wer_points_above_faster_whisper"] = round(
        errors["callscribe"] - min(errors[name] for name in FASTER_WHISPERS), 2
    )
    return figures


def word_error_rate(speech: Mapping[str, Sequence[Clip]], heard: Mapping[str, Sequence[Heard]]) -> float:
    """Over both mixes, in percent."""
    said = [english(clip.text) for clips in speech.values() for clip in clips]
    found = [english(text) for mix in speech for text in heard[mix][0].texts]
    return 100 * jiwer.wer(said, found)


if __name__ == "__main__":
    typer.run(main)
