"""Ways to run one Whisper checkpoint on a CPU, each in a process of its own.

Two runtimes for threads in one process wait for each other's cores and slow both down.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, Self

import numpy as np

from core.catalog import model_named
from core.settings import ModelStoreSettings
from workers.engines import registry
from workers.engines.base import SAMPLE_RATE, Chunk, Samples
from workers.engines.settings import EngineSettings

Hear = Callable[[Sequence[Samples]], list[str]]

BATCH: Final = 8
CORES: Final = os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The same weights for all."""

    model: str
    transformers: Path
    ctranslate2: Path
    """Written by CTranslate2's own converter, int8."""
    language: str | None
    """Told to every contender; None for the English models."""


def convert(source: Path, target: Path) -> None:
    converters = importlib.import_module("ctranslate2.converters")
    converter = converters.TransformersConverter(str(source), copy_files=["tokenizer.json"])
    converter.convert(str(target), quantization="int8", force=True)


def callscribe(checkpoint: Checkpoint) -> Hear:
    """This project's engine with its own settings."""
    engine = registry.load(model_named(checkpoint.model), EngineSettings(device="cpu"), ModelStoreSettings())

    def hear(clips: Sequence[Samples]) -> list[str]:
        chunks = [Chunk(clip, language=checkpoint.language) for clip in clips]
        most = engine.max_batch_chunks
        portions = [chunks[start : start + most] for start in range(0, len(chunks), most)]
        return [each.text for portion in portions for each in engine.recognize(portion)]

    return hear


def transformers_pipeline(checkpoint: Checkpoint, *, batch: int) -> Hear:
    """As transformers' documentation shows it, float32."""
    transformers = importlib.import_module("transformers")
    pipeline = transformers.pipeline(
        "automatic-speech-recognition", model=str(checkpoint.transformers), device="cpu", dtype="float32"
    )
    told = {"language": checkpoint.language} if checkpoint.language else {}

    def hear(clips: Sequence[Samples]) -> list[str]:
        inputs = [{"raw": clip, "sampling_rate": SAMPLE_RATE} for clip in clips]
        return [each["text"] for each in pipeline(inputs, batch_size=batch, generate_kwargs=told)]

    return hear


def faster_whisper(checkpoint: Checkpoint) -> Hear:
    """One clip after another, int8, beam 1."""
    library = importlib.import_module("faster_whisper")
    model = library.WhisperModel(
        str(checkpoint.ctranslate2), device="cpu", compute_type="int8", cpu_threads=CORES
    )

    def hear(clips: Sequence[Samples]) -> list[str]:
        texts = []
        for clip in clips:
            segments, _ = model.transcribe(
                clip,
                language=checkpoint.language,
                beam_size=1,
                without_timestamps=True,
                condition_on_previous_text=False,
            )
            texts.append(" ".join(segment.text for segment in segments))
        return texts

    return hear


def faster_whisper_batched(checkpoint: Checkpoint) -> Hear:
    """All clips as one recording with their bounds given, so that it need not look for speech."""
    library = importlib.import_module("faster_whisper")
    model = library.WhisperModel(
        str(checkpoint.ctranslate2), device="cpu", compute_type="int8", cpu_threads=CORES
    )
    pipeline = library.BatchedInferencePipeline(model)

    def hear(clips: Sequence[Samples]) -> list[str]:
        ends = np.cumsum([len(clip) for clip in clips]) / SAMPLE_RATE
        starts = [0.0, *ends[:-1]]
        bounds = [{"start": start, "end": end} for start, end in zip(starts, ends, strict=True)]
        segments, _ = pipeline.transcribe(
            np.concatenate(clips),
            language=checkpoint.language,
            beam_size=1,
            batch_size=BATCH,
            vad_filter=False,
            clip_timestamps=bounds,
        )
        found = [((segment.start + segment.end) / 2, segment.text) for segment in segments]
        return [
            " ".join(text for middle, text in found if start <= middle < end)
            for start, end in zip(starts, ends, strict=True)
        ]

    return hear


def transformers_one(checkpoint: Checkpoint) -> Hear:
    return transformers_pipeline(checkpoint, batch=1)


def transformers_eight(checkpoint: Checkpoint) -> Hear:
    return transformers_pipeline(checkpoint, batch=BATCH)


CONTENDERS: Final[dict[str, Callable[[Checkpoint], Hear]]] = {
    "callscribe": callscribe,
    "faster_whisper": faster_whisper,
    "faster_whisper_batched": faster_whisper_batched,
    "transformers_1": transformers_one,
    "transformers_8": transformers_eight,
}


@dataclass(frozen=True, slots=True)
class Heard:
    seconds: float
    texts: list[str]


class Contender:
    """A process that has one of them loaded, and sleeps unless it is asked."""

    def __init__(self, name: str, checkpoint: Checkpoint) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, name, checkpoint), daemon=True)
        self._process.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join()

    def hear(self, clips: Sequence[Samples]) -> Heard:
        self._ours.send(clips)
        heard: Heard = self._ours.recv()
        return heard


def serve(connection: Connection, name: str, checkpoint: Checkpoint) -> None:
    """Runs in the other process until it is ended."""
    hear = CONTENDERS[name](checkpoint)
    while True:
        clips = connection.recv()
        started = time.perf_counter()
        texts = hear(clips)
        connection.send(Heard(time.perf_counter() - started, texts))
