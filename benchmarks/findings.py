"""What preparation finds about channels whose faults are known: `callscribe bench findings`.

Calls are spoiled by seed, prepared as a worker does it from the decoded samples on, and what is found is
held against what was put in. Needs no server and no speech model.
"""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final

import numpy as np
import typer

from benchmarks.call_faults import calls
from benchmarks.conclusion import Benchmark
from benchmarks.finding_tally import Tally, figures_of
from benchmarks.known_calls import Call
from benchmarks.marks import Mark
from workers.preparation.channel_file import ChannelFile
from workers.preparation.findings.examination import Examination, examine
from workers.preparation.findings.heard_channel import HeardChannel
from workers.preparation.loudness import gain_for
from workers.preparation.resampling import Resampler
from workers.preparation.speech_spans import find_speech
from workers.preparation.voice_activity import load_detector
from workers.preparation.windows import measure

SEED: Final = 20261122
WANTED: Final = 0.95
MARKS: Final = (
    Mark("precision", at_least=WANTED),
    Mark("recall", at_least=WANTED),
    Mark("least_precision_of_a_code", at_least=WANTED),
    Mark("least_recall_of_a_code", at_least=WANTED),
    Mark("examining_percent_of_listening", at_most=10.0),
)
PACKAGES: Final = ("numpy", "onnxruntime", "soxr")


def main(
    count: Annotated[int, typer.Option("--calls", help="How many, of every kind as many.")] = 150,
    seed: Annotated[int, typer.Option(help="The same seed gives the same calls.")] = SEED,
    out: Annotated[Path | None, typer.Option(help="Where the result is written.")] = None,
) -> None:
    """Spoil calls in known ways and look whether it is found."""
    benchmark = Benchmark("findings")
    tally = tallied(count, seed=seed)
    for mistake in tally.mistakes:
        benchmark.console.print(mistake)
    benchmark.conclude(figures_of(tally, count), marks=MARKS, packages=PACKAGES, out=out)


def tallied(count: int, *, seed: int) -> Tally:
    tally = Tally()
    for call in calls(count, seed=seed):
        with TemporaryDirectory() as folder:
            examined = examination_of(call, Path(folder), tally)
        tally.count(call, examined)
    return tally


def examination_of(call: Call, folder: Path, tally: Tally) -> list[Examination]:
    """By the pieces of `workers.preparation.pipeline`, less what decodes and writes."""
    files = files_of(call, folder)
    windows = [measure(file) for file in files]
    gain = gain_for([each.levels for each in windows])
    begun = time.process_time()
    probabilities = [load_detector().probabilities(file, gain=gain) for file in files]
    heard = [
        HeardChannel(index, file, windows[index], likely, find_speech(likely, duration_ms=file.duration_ms))
        for index, (file, likely) in enumerate(zip(files, probabilities, strict=True))
    ]
    listened = time.process_time()
    examined = examine(heard, sample_rate=call.rate)
    tally.examining_s += time.process_time() - listened
    tally.listening_s += listened - begun
    tally.channel_s += sum(file.duration_ms for file in files) / 1000
    return examined


def files_of(call: Call, folder: Path) -> list[ChannelFile]:
    """At 16 kHz, as `workers.preparation.splitting` leaves them."""
    pcm = call.pcm
    resampler = Resampler(call.rate, pcm.shape[1])
    tracks = np.concatenate([resampler.feed(pcm), resampler.finish()]).T
    return [channel_file(folder / f"{index}.pcm", track) for index, track in enumerate(tracks)]


def channel_file(path: Path, samples: np.ndarray[tuple[int], np.dtype[np.int16]]) -> ChannelFile:
    file = ChannelFile(path)
    file.append(np.ascontiguousarray(samples))
    file.finish()
    return file


if __name__ == "__main__":
    typer.run(main)
