"""Whether the metrics of mixed calls are true: turns, overlaps, interruptions, dead air."""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random
from typing import Annotated, Final

import typer
from rich.progress import track

from benchmarks.agreement import Agreement
from benchmarks.conclusion import Benchmark
from benchmarks.dialogues import ROLES, dialogue_of
from benchmarks.marks import Mark
from benchmarks.spoken_clips import AUDIBLE_DB, voices_of
from workers.finishing.metering import PAD_MS
from workers.finishing.metrics.call import Call, Voice
from workers.finishing.metrics.measuring import measure
from workers.finishing.metrics.spans import Span, unpadded
from workers.preparation.decoder.limits import DecoderLimits
from workers.preparation.decoder.nursery import Nursery
from workers.preparation.pipeline import prepare

CALLS: Final = ("call_en", "call_zh")
SEED: Final = 20_261_122
MARKS: Final = (
    Mark("turn_boundary_error_p50_ms", at_most=150.0),
    Mark("overlap_error_percent", at_most=10.0),
)
PACKAGES: Final = ("silero-vad", "onnxruntime", "soxr", "numpy")


def main(
    *,
    calls: Annotated[int, typer.Option(min=1, help="How many are mixed.")] = 120,
    seed: Annotated[int, typer.Option(help="Which ones.")] = SEED,
    audible_db: Annotated[
        float, typer.Option(help="How far above the hiss a voice is taken to speak.")
    ] = AUDIBLE_DB,
    out: Annotated[Path | None, typer.Option(help="Where the result is written.")] = None,
) -> None:
    """Mix calls, prepare them as any recording, and hold their metrics against the truth."""
    benchmark = Benchmark("call_metrics")
    random = Random(seed)  # noqa: S311 - no secret
    voices = [voices_of(call, audible_db=audible_db) for call in CALLS]
    agreement = Agreement()
    nursery = Nursery()
    with tempfile.TemporaryDirectory() as name:
        for number in track(range(calls), "listening", console=benchmark.console, transient=True):
            dialogue = dialogue_of(voices[number % len(voices)], random)
            recording = dialogue.write(Path(name) / "call.wav", random)
            agreement.add(measure(dialogue.truth), measure(heard(recording, nursery, workdir=Path(name))))
    nursery.close()
    figures = {"seed": seed, "audible_db": audible_db, **agreement.figures()}
    benchmark.conclude(figures, marks=MARKS, packages=PACKAGES, out=out)


def heard(recording: Path, nursery: Nursery, *, workdir: Path) -> Call:
    """What preparation finds of it: the speech of all its chunks."""
    prepared = prepare(recording, workdir, DecoderLimits(), nursery=nursery)
    return Call(
        prepared.duration_ms,
        [
            Voice(
                channel.index,
                ROLES[channel.index],
                unpadded(
                    [Span(span.start_ms, span.end_ms) for chunk in channel.chunks for span in chunk.speech],
                    pad_ms=PAD_MS,
                    duration_ms=channel.duration_ms,
                ),
            )
            for channel in prepared.channels
        ],
    )


if __name__ == "__main__":
    typer.run(main)
