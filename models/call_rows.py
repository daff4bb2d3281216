"""What is known of a call, in one row: for spreadsheets and tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from models.base import JsonValue
from models.batch_item import BatchItem
from models.job import Job
from models.metrics_content import MetricsContent, PartyFigures
from models.quality_content import QualityContent
from models.recording import Recording
from models.transcript import Transcript
from models.transcript_content import TranscriptContent, from_json, metrics_in, quality_in

ABOUT_CALL: Final = ("number", "custom_id", "job_id", "filename", "duration_s", "language", "channels")
ABOUT_TALK: Final = (
    "talk_s",
    "silence_s",
    "dead_air_s",
    "dead_air_spans",
    "overlap_s",
    "interruptions",
    "trust",
    "flags",
    "findings",
    "warnings",
)
OF_ROLE: Final = (
    "talk_s",
    "talk_ratio",
    "per_minute",
    "level_dbfs",
    "turns",
    "longest_monologue_s",
    "response_median_s",
    "interruptions_made",
)
METADATA: Final = "metadata."


@dataclass(frozen=True, slots=True)
class CallColumns:
    """Which there are: of every call, of each role, and of each key of the callers' metadata."""

    roles: Sequence[str]
    metadata_keys: Sequence[str]

    @property
    def names(self) -> list[str]:
        return [
            *ABOUT_CALL,
            *ABOUT_TALK,
            *(f"{role}_{name}" for role in self.roles for name in OF_ROLE),
            *(f"{METADATA}{key}" for key in self.metadata_keys),
            "text",
        ]


class Call(NamedTuple):
    """A completed item of a batch, with all that is known of it."""

    item: BatchItem
    job: Job
    recording: Recording
    transcript: Transcript


def call_row(columns: CallColumns, call: Call) -> list[object]:
    """Its cells, in the order of the columns. Seconds have three decimals."""
    transcript = from_json(call.transcript.content)
    metrics = metrics_in(transcript)
    return [
        call.item.number,
        call.item.custom_id,
        str(call.job.id),
        call.recording.filename,
        _seconds(transcript["duration_ms"]),
        transcript["language"],
        len(transcript["channels"]),
        *_about_talk(metrics),
        *_about_trust(quality_in(transcript)),
        *_about_sound(transcript),
        *(cell for role in columns.roles for cell in _of_role(metrics, role)),
        *(_plain(call.job.details.get(key)) for key in columns.metadata_keys),
        transcript["text"],
    ]


def _about_talk(metrics: MetricsContent | None) -> list[object]:
    if metrics is None:
        return [None] * 6
    interruptions = metrics["interruptions"]
    return [
        _seconds(metrics["talk_ms"]),
        _seconds(metrics["silence_ms"]),
        _seconds(metrics["dead_air_ms"]),
        len(metrics["dead_air"]),
        _seconds(metrics["overlap_ms"]),
        None if interruptions is None else len(interruptions),
    ]


def _about_trust(quality: QualityContent | None) -> list[object]:
    if quality is None:
        return [None, None]
    return [quality["trust"], _listed([flag["code"] for flag in quality["flags"]])]


def _about_sound(transcript: TranscriptContent) -> list[object]:
    # Transcripts of earlier versions have none.
    found = [finding for channel in transcript["channels"] for finding in channel.get("findings", [])]
    findings = [finding["code"] for finding in found]
    return [_listed(findings), _listed([warning["code"] for warning in transcript["warnings"]])]


def _of_role(metrics: MetricsContent | None, role: str) -> list[object]:
    found: PartyFigures | None = None
    for figures in (metrics["roles"] if metrics is not None else None) or ():
        if figures["role"] == role:
            found = figures
    if found is None:
        return [None] * len(OF_ROLE)
    monologue, responses = found["longest_monologue"], found["responses"]
    return [
        _seconds(found["talk_ms"]),
        found["talk_ratio"],
        found["pace"]["per_minute"],
        # Transcripts of earlier versions have none.
        found.get("level_dbfs"),
        found["turns"],
        None if monologue is None else _seconds(monologue["end_ms"] - monologue["start_ms"]),
        None if responses is None else _seconds(responses["median_ms"]),
        found["interruptions_made"],
    ]


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _listed(codes: Sequence[str]) -> str:
    return " ".join(sorted(set(codes)))


def _plain(value: JsonValue) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | Mapping) else value
