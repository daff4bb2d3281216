"""Stretches of the sample calls, cut at their turns."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import soundfile
import soxr

from workers.engines.base import SAMPLE_RATE, Chunk

SAMPLES: Final = Path(__file__).parents[2] / "samples"


@dataclass(frozen=True, slots=True)
class Turn:
    """What one party said without a break."""

    chunk: Chunk
    text: str


@cache
def turns(call: str) -> tuple[Turn, ...]:
    """Every turn of samples/`call`.wav with its text, in the order of the conversation."""
    sound, rate = soundfile.read(SAMPLES / f"{call}.wav", dtype="float32")
    listed = json.loads((SAMPLES / f"{call}.json").read_text())["turns"]
    return tuple(
        Turn(
            chunk=Chunk(
                soxr.resample(
                    sound[int(turn["start"] * rate) : int(turn["end"] * rate), turn["channel"]],
                    rate,
                    SAMPLE_RATE,
                )
            ),
            text=turn["text"],
        )
        for turn in listed
    )
