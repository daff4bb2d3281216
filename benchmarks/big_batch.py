"""A hundred thousand items in one batch: `callscribe bench big_batch`.

A manifest of so many lines is handed over, with some names twice; its items become jobs as in any batch, and
questions of callers about it are timed. Then it is canceled: what is measured is the batch, not its calls.
"""

from __future__ import annotations

import io
import time
import wave
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated, Final

import typer

from benchmarks.conclusion import Benchmark
from benchmarks.marks import Mark
from benchmarks.process_tree import TreeMemory
from benchmarks.services import PACKAGES
from benchmarks.systems import client_of, running_system, storage_of
from cli.steps import Steps
from client import Client
from client.batch_answers import Batch
from client.batches import Source
from client.options import SubmitOptions
from embedded.system import System

OBJECT: Final = "imports/second.wav"
DOUBLED: Final = 100
"""Names at the end of the manifest that were there before."""
ASKED: Final = 20
LOOK_EVERY_S: Final = 5.0
WATCHED: Final = ("api", "dispatcher", "worker-prepare", "postgres")
MARKS: Final = (Mark("items_wrong", at_most=0), Mark("standing_p50_ms", at_most=200))


def main(
    items: Annotated[int, typer.Option(help="Lines of the manifest, without the doubled ones.")] = 100_000,
    out: Annotated[Path | None, typer.Option(help="Where to write the result, busy or not.")] = None,
) -> None:
    """Hand over one large batch, ask about it, and cancel it."""
    benchmark = Benchmark("big_batch")
    settings = {"CALLSCRIBE_STORAGE__IMPORT_FROM": '["s3://callscribe/imports/"]'}
    with (
        Steps(benchmark.console) as steps,
        running_system(steps, settings=settings) as system,
        client_of(system) as client,
    ):
        storage = storage_of(system.stack)
        storage.put(OBJECT, _silence())
        url = f"s3://{storage.bucket}/{OBJECT}"
        steps.begin(f"{items:,} items")
        figures = _run(system, client, _manifest(items, url), items)
    benchmark.conclude(figures, marks=MARKS, packages=PACKAGES, out=out)


def _silence() -> bytes:
    """The shortest that is a call: what it holds is not what is measured."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8_000)
        sound.writeframes(bytes(8_000))
    return file.getvalue()


def _manifest(items: int, url: str) -> bytes:
    numbers = [*range(items), *range(DOUBLED)]
    return ("custom_id,url\n" + "".join(f"call-{number:06},{url}\n" for number in numbers)).encode()


def _run(system: System, client: Client, manifest: bytes, items: int) -> dict[str, object]:
    with TemporaryDirectory() as directory, ExitStack() as closing:
        path = Path(directory) / "manifest.csv"
        path.write_bytes(manifest)
        memory = {name: closing.enter_context(TreeMemory(system.process(name).pid)) for name in WATCHED}
        begin = time.monotonic()
        batch = client.batches.create(
            defaults=SubmitOptions(model="scripted"),
            source=Source("manifest", upload_id=client.uploads.put(path), form="csv"),
        )
        batch = _until(client, batch, lambda now: _admitted(now) >= items)
        admitted = time.monotonic() - begin
        standing_ms = [_milliseconds(lambda: client.batches.get(batch.id)) for _ in range(ASKED)]
        begin = time.monotonic()
        listed = sum(1 for _ in client.batches.items(batch.id))
        listing = time.monotonic() - begin
        client.batches.cancel(batch.id)
        begin = time.monotonic()
        batch = _until(client, batch, lambda now: now.is_final)
        canceling = time.monotonic() - begin
    counts = batch.request_counts
    return {
        "items": items,
        "items_wrong": abs(listed - items - DOUBLED)
        + abs(counts.completed + counts.canceled - items)
        + abs(counts.refused - DOUBLED),
        "admitted_per_s": round(items / admitted, 1),
        "completed_meanwhile": counts.completed,
        "standing_p50_ms": round(median(standing_ms), 1),
        "listing_all_s": round(listing, 1),
        "canceling_s": round(canceling, 1),
        **{f"peak_mib_{name}": round(each.peak_mib) for name, each in memory.items()},
    }


def _until(client: Client, batch: Batch, reached: Callable[[Batch], bool]) -> Batch:
    while not reached(batch):
        batch = client.batches.get(batch.id, wait=LOOK_EVERY_S)
    return batch


def _admitted(batch: Batch) -> int:
    """Items that are jobs, or were."""
    counts = batch.request_counts
    return counts.total - counts.refused - counts.waiting


def _milliseconds(asked: Callable[[], object]) -> float:
    begin = time.perf_counter()
    asked()
    return 1000 * (time.perf_counter() - begin)


if __name__ == "__main__":
    typer.run(main)
