"""All that speaks against a call's transcript."""

from __future__ import annotations

from models.quality_content import QualityContent
from workers.finishing.quality.certainty import uncertain
from workers.finishing.quality.coverage import unfounded, untold
from workers.finishing.quality.cut import cut_texts
from workers.finishing.quality.faults import spoiled
from workers.finishing.quality.flag import Flag, as_content
from workers.finishing.quality.heard import HeardCall
from workers.finishing.quality.repetition import repetitions
from workers.finishing.quality.thresholds import DEFINITIONS, THRESHOLDS, Thresholds
from workers.finishing.quality.trust import trust_of


def judge(call: HeardCall, thresholds: Thresholds = THRESHOLDS) -> QualityContent:
    """The same call is always judged the same."""
    flags = flags_of(call, thresholds)
    trust = trust_of(call.chunks, flags, thresholds)
    return {
        "definitions": DEFINITIONS,
        "trust": trust.value,
        "spoken_ms": trust.spoken_ms,
        "doubted_ms": round(trust.doubted_ms),
        "flags": [as_content(flag) for flag in flags],
    }


def flags_of(call: HeardCall, thresholds: Thresholds) -> list[Flag]:
    """In the order in which they begin."""
    chunks = call.chunks
    flags = [
        *untold(chunks, thresholds),
        *unfounded(chunks, thresholds),
        *repetitions(chunks, thresholds),
        *cut_texts(chunks),
        *uncertain(chunks, thresholds),
        *spoiled(call),
    ]
    return sorted(flags, key=lambda flag: flag.place)
