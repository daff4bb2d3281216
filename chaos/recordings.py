"""Short recordings whose transcripts are known beforehand, without the system that is tried."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile

from workers.engines.base import SAMPLE_RATE, Chunk
from workers.engines.scripted import ScriptedEngine
from workers.preparation.decoder.limits import DecoderLimits
from workers.preparation.decoder.nursery import Nursery
from workers.preparation.pipeline import prepare
from workers.preparation.recording import PreparedChannel

SAMPLE: Final = Path(__file__).resolve().parents[1] / "samples" / "call_en.wav"
COUNT: Final = 24
SHORTEST_S: Final = 1.0
LONGEST_S: Final = 3.0

Pcm = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class KnownRecording:
    name: str
    content: bytes
    texts: tuple[str, ...]
    """What the scripted engine says of each chunk in which it hears anything, in order."""


def known_recordings(*, count: int = COUNT) -> dict[str, KnownRecording]:
    """Pieces of one party of the English sample, by name."""
    samples, rate = soundfile.read(SAMPLE, dtype="int16")
    starts = np.linspace(0, len(samples) - LONGEST_S * rate, count).astype(int)
    lengths = (np.linspace(SHORTEST_S, LONGEST_S, count) * rate).astype(int)
    with closing(Nursery()) as nursery, tempfile.TemporaryDirectory(prefix="callscribe-chaos-") as directory:
        pieces = zip(starts, lengths, strict=True)
        known = [
            _known(
                nursery, Path(directory, f"piece-{number}"), samples[start : start + length, number % 2], rate
            )
            for number, (start, length) in enumerate(pieces)
        ]
    return {each.name: each for each in known}


def _known(nursery: Nursery, workdir: Path, samples: Pcm, rate: int) -> KnownRecording:
    path = workdir.with_suffix(".wav")
    soundfile.write(path, samples, rate, subtype="PCM_16")
    workdir.mkdir()
    prepared = prepare(path, workdir, DecoderLimits(), nursery=nursery)
    chunks = [chunk for channel in prepared.channels for chunk in _chunks(channel)]
    texts = [heard.text for heard in ScriptedEngine().recognize(chunks) if heard.text]
    return KnownRecording(workdir.name, path.read_bytes(), tuple(texts))


def _chunks(channel: PreparedChannel) -> Iterator[Chunk]:
    samples, _ = soundfile.read(channel.path, dtype="float32")
    for span in channel.chunks:
        yield Chunk(samples[_at(span.start_ms) : _at(span.end_ms)])


def _at(milliseconds: int) -> int:
    return milliseconds * SAMPLE_RATE // 1000
