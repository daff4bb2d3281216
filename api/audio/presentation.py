"""A transcript in OpenAI's forms. Seconds are fractions, as there."""

from __future__ import annotations

import json
import math
import zlib
from typing import Final

from typing_extensions import TypedDict

from api.audio.options import ResponseFormat
from models.base import JsonObject
from models.transcript_content import TranscriptContent, TranscriptSegment, from_json
from models.transcript_forms import TranscriptForm, render

FRAMES_PER_SECOND: Final = 100
"""Whisper's mel frames, in which `seek` counts."""
CAPTIONS: Final = {ResponseFormat.SRT: TranscriptForm.SRT, ResponseFormat.VTT: TranscriptForm.VTT}
PLAIN: Final = "text/plain; charset=utf-8"


class Usage(TypedDict):
    type: str
    seconds: int
    """Of the recording, rounded up."""


class Transcription(TypedDict):
    text: str
    usage: Usage


class VerboseSegment(TypedDict):
    """What was heard in one chunk; null is what is not known here."""

    id: int
    seek: int
    start: float
    end: float
    text: str
    tokens: list[int]
    """Always empty: tokens are not kept."""
    temperature: float
    avg_logprob: float | None
    """Logarithm of the segment's `confidence`, which is the geometric mean of its tokens' probabilities."""
    compression_ratio: float
    """Of the text's bytes to the same compressed by zlib: openai/whisper, `utils.compression_ratio`."""
    no_speech_prob: float | None
    """Always null: what is no speech was left out before a model heard it."""
    channel: int
    """Beyond what OpenAI has, as are the next two."""
    role: str | None
    language: str | None


class VerboseTranscription(TypedDict):
    task: str
    language: str | None
    duration: float
    text: str
    segments: list[VerboseSegment]
    usage: Usage


def presented(content: JsonObject, form: ResponseFormat) -> tuple[str, str]:
    """Body and media type."""
    transcript = from_json(content)
    match form:
        case ResponseFormat.TEXT:
            return f"{transcript['text']}\n", PLAIN
        case ResponseFormat.SRT | ResponseFormat.VTT:
            captions = CAPTIONS[form]
            return render(content, captions), captions.media_type
        case ResponseFormat.VERBOSE_JSON:
            return _json(_verbose(transcript)), "application/json"
        case ResponseFormat.JSON:
            short: Transcription = {"text": transcript["text"], "usage": _usage(transcript)}
            return _json(short), "application/json"


def _verbose(transcript: TranscriptContent) -> VerboseTranscription:
    return {
        "task": "transcribe",
        "language": transcript["language"],
        "duration": transcript["duration_ms"] / 1000,
        "text": transcript["text"],
        "segments": [_segment(segment) for segment in transcript["segments"]],
        "usage": _usage(transcript),
    }


def _segment(segment: TranscriptSegment) -> VerboseSegment:
    confidence = segment["confidence"]
    return {
        "id": segment["id"],
        "seek": segment["start_ms"] * FRAMES_PER_SECOND // 1000,
        "start": segment["start_ms"] / 1000,
        "end": segment["end_ms"] / 1000,
        "text": segment["text"],
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": math.log(confidence) if confidence else None,
        "compression_ratio": compression_ratio(segment["text"]),
        "no_speech_prob": None,
        "channel": segment["channel"],
        "role": segment["role"],
        "language": segment["language"],
    }


def compression_ratio(text: str) -> float:
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw))


def _usage(transcript: TranscriptContent) -> Usage:
    return {"type": "duration", "seconds": math.ceil(transcript["duration_ms"] / 1000)}


def _json(value: Transcription | VerboseTranscription) -> str:
    return json.dumps(value, ensure_ascii=False)
