"""Chunks of prepared audio in a file on disk, as many as anybody asks for."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from workers.engines.base import SAMPLE_RATE, Samples

SPEECH: Final = Path(__file__).resolve().parents[1] / "workers" / "engines" / "clips" / "probe.flac"
HEADER: Final = len(b"fLaC")
LAST_BLOCK: Final = 0x80
NOISE: Final = 0.0003
"""Of full scale, under the speech: every chunk is another, and compresses as telephone speech does."""


@dataclass(frozen=True, slots=True)
class FiledChunk:
    """What `ChunkReader` wants to know."""

    object_key: str
    first_byte: int
    last_byte: int
    first_sample: int
    start_ms: int
    end_ms: int
    language: str | None = None

    @property
    def seconds(self) -> float:
        return (self.end_ms - self.start_ms) / 1000


class Files:
    """Storage on this machine's disk, as costly to this interpreter as a client of S3 would be."""

    def __init__(self, directory: Path, *, interpreter_ms: float) -> None:
        self._directory = directory
        self._interpreter_s = interpreter_ms / 1000

    def read(self, key: str, *, first_byte: int, last_byte: int) -> bytes:
        hold_interpreter(self._interpreter_s)
        with (self._directory / key).open("rb") as file:
            file.seek(first_byte)
            return file.read(last_byte - first_byte + 1)


class Backlog:
    """Never ends; thread-safe."""

    def __init__(self, chunks: Sequence[FiledChunk]) -> None:
        self._chunks = cycle(chunks)
        self._lock = threading.Lock()

    def take(self, count: int) -> list[FiledChunk]:
        with self._lock:
            return list(islice(self._chunks, count))


def hold_interpreter(seconds: float) -> None:
    """Python at work, of this thread's own processor time."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def write_chunks(directory: Path, *, count: int, seconds: float) -> list[FiledChunk]:
    """One file with the frames of all these chunks one after another."""
    samples = round(seconds * SAMPLE_RATE)
    chance = np.random.default_rng(20261121)
    speech, _ = soundfile.read(SPEECH, dtype="float32")
    chunks: list[FiledChunk] = []
    with (directory / "chunks.flac").open("wb") as file:
        for number in range(count):
            noise = chance.normal(0.0, NOISE, samples).astype(np.float32)
            frames = as_frames(np.resize(speech, samples) + noise)
            start = file.tell()
            file.write(frames)
            start_ms = number * round(seconds * 1000)
            chunks.append(
                FiledChunk(
                    object_key="chunks.flac",
                    first_byte=start,
                    last_byte=start + len(frames) - 1,
                    first_sample=start_ms * SAMPLE_RATE // 1000,
                    start_ms=start_ms,
                    end_ms=start_ms + round(seconds * 1000),
                )
            )
    return chunks


def as_frames(samples: Samples) -> bytes:
    """A FLAC file without its metadata."""
    file = io.BytesIO()
    soundfile.write(file, samples, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    body = file.getvalue()
    place = HEADER
    while True:
        kind, length = body[place], int.from_bytes(body[place + 1 : place + 4], "big")
        place += 4 + length
        if kind & LAST_BLOCK:
            return body[place:]
