"""Ten thousand calls in one batch, through the whole system: `callscribe bench batch`.

Pieces of the sample calls, two channels of 8 to 16 s, lie in storage; a manifest names each of them many
times, with metadata of its own. The scripted engine hears them. What is measured: calls a second, the peak
memory of every process, and whether results and spreadsheet have each call once, with the right metadata.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Annotated, Final

import typer

from benchmarks.conclusion import Benchmark
from benchmarks.marks import Mark
from benchmarks.process_tree import TreeMemory
from benchmarks.recordings import write_piece
from benchmarks.services import PACKAGES
from benchmarks.systems import client_of, running_system, storage_of
from cli.steps import Steps
from client import Client
from client.batches import Source
from client.options import SubmitOptions
from embedded.system import System

FOLDER: Final = "imports/"
LOOK_EVERY_S: Final = 5.0
AGENTS: Final = ("Kim", "Lee", "Ana", "Tom", "李伟")
SEED: Final = 5
WATCHED: Final = ("api", "dispatcher", "worker-prepare", "worker-scripted", "postgres", "valkey", "seaweedfs")
MARKS: Final = (Mark("failed_items", at_most=0), Mark("rows_wrong", at_most=0))


def main(
    calls: Annotated[int, typer.Option(help="Items of the batch.")] = 10_000,
    distinct: Annotated[int, typer.Option(help="Different recordings among them.")] = 40,
    out: Annotated[Path | None, typer.Option(help="Where to write the result, busy or not.")] = None,
) -> None:
    """Hand over a batch of synthetic calls, and hold what comes back against its manifest."""
    benchmark = Benchmark("batch")
    with Steps(benchmark.console) as steps:
        settings = {"CALLSCRIBE_STORAGE__IMPORT_FROM": f'["s3://callscribe/{FOLDER}"]'}
        with running_system(steps, settings=settings) as system, client_of(system) as client:
            steps.begin(f"cutting {distinct} calls")
            urls = _stored(system, distinct)
            expected = {f"call-{number:06}": AGENTS[number % len(AGENTS)] for number in range(calls)}
            steps.begin(f"{calls:,} calls")
            figures = _run(system, client, _manifest(expected, urls), expected)
    benchmark.conclude(figures, marks=MARKS, packages=PACKAGES, out=out)


def _stored(system: System, count: int) -> list[str]:
    """Addresses of different calls, where the operator lets batches read."""
    storage = storage_of(system.stack)
    random = Random(SEED)  # noqa: S311 - no secret
    urls = []
    with TemporaryDirectory() as directory:
        for number in range(count):
            start, seconds = random.uniform(0, 20), random.uniform(8, 16)
            path = write_piece(Path(directory) / "call.wav", start=start, seconds=seconds)
            storage.put_file(f"{FOLDER}{number}.wav", path)
            urls.append(f"s3://{storage.bucket}/{FOLDER}{number}.wav")
    return urls


def _manifest(expected: Mapping[str, str], urls: list[str]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("custom_id", "url", "agent"))
    for place, (name, agent) in enumerate(expected.items()):
        writer.writerow((name, urls[place % len(urls)], agent))
    return text.getvalue().encode()


def _run(system: System, client: Client, manifest: bytes, expected: Mapping[str, str]) -> dict[str, object]:
    with TemporaryDirectory() as directory, ExitStack() as closing:
        path = Path(directory) / "manifest.csv"
        path.write_bytes(manifest)
        upload = client.uploads.put(path)
        memory = {name: closing.enter_context(TreeMemory(system.process(name).pid)) for name in WATCHED}
        begin = time.monotonic()
        batch = client.batches.create(
            name="benchmark",
            defaults=SubmitOptions(model="scripted", roles="agent,customer"),
            source=Source("manifest", upload_id=upload, form="csv"),
        )
        while not batch.is_final:
            batch = client.batches.get(batch.id, wait=LOOK_EVERY_S)
        seconds = time.monotonic() - begin
        export = time.monotonic()
        wrong = _wrong(
            expected,
            ((each.custom_id, each.metadata.get("agent")) for each in client.batches.results(batch.id)),
        )
        with client.batches.results_as(batch.id, "csv") as pieces:
            text = b"".join(pieces).decode()
        rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        wrong += _wrong(expected, ((row["custom_id"], row["metadata.agent"]) for row in rows))
        exported = time.monotonic() - export
    counts = batch.request_counts
    return {
        "calls": len(expected),
        "calls_per_s": round(len(expected) / seconds, 2),
        "audio_hours": round(batch.audio_seconds.completed / 3600, 1) if batch.audio_seconds else None,
        "rtfx": round(batch.audio_seconds.completed / seconds, 1) if batch.audio_seconds else None,
        "failed_items": counts.total - counts.completed,
        "rows_wrong": wrong,
        "both_exports_s": round(exported, 1),
        **{f"peak_mib_{name}": round(each.peak_mib) for name, each in memory.items()},
    }


def _wrong(expected: Mapping[str, str], seen: Iterator[tuple[str | None, object]]) -> int:
    """Rows that are missing, doubled, or not the caller's own."""
    left = dict(expected)
    wrong = 0
    for name, agent in seen:
        wrong += left.pop(str(name), None) != agent
    return wrong + len(left)


if __name__ == "__main__":
    typer.run(main)
