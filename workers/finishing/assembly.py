"""Assembles a transcript from what was heard in a job's chunks. Pure: rows in, JSON out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from models.base import JsonObject
from models.channel import Channel
from models.channel_roles import roles_in_effect
from models.chinese_script import ChineseScript
from models.chunk import Chunk
from models.hypothesis import Hypothesis
from models.job import Job
from models.recording import Recording
from models.transcript_content import (
    TranscriptChannel,
    TranscriptContent,
    TranscriptEngine,
    TranscriptSegment,
    TranscriptTimings,
    TranscriptUtterance,
    as_json,
    options_of,
)
from workers.finishing.caveats import caveats_of
from workers.finishing.joining import join_texts
from workers.finishing.languages.naming import NamedLanguage, language_of_call, languages_of
from workers.finishing.languages.writing import written
from workers.finishing.metering import metrics_of
from workers.finishing.reviewing import quality_of
from workers.finishing.segments import Segment, confidence_of, segments_of
from workers.finishing.utterances import utterances_of

Roles = Mapping[int, str | None]


def assemble(
    job: Job, recording: Recording, channels: Sequence[Channel], heard: Sequence[tuple[Chunk, Hypothesis]]
) -> JsonObject:
    """The content of a finished job's transcript; the same rows always give the same content."""
    channels = sorted(channels, key=lambda channel: channel.index)
    duration_ms = _duration(recording, channels)
    hypotheses = [hypothesis for _, hypothesis in heard]
    segments = segments_of(heard)
    languages = languages_of(segments, given=job.language)
    language = language_of_call(segments, languages, given=job.language)
    segments = _written(segments, languages, job.script, of_call=language)
    roles = roles_in_effect(job.roles, channels)
    utterances = [_utterance(segments, run, roles) for run in utterances_of(segments)]
    content: TranscriptContent = {
        "object": "transcript",
        "job_id": str(job.id),
        "model": job.model,
        "text": "\n".join(utterance["text"] for utterance in utterances),
        "duration_ms": duration_ms,
        "language": language.code,
        "language_source": language.source,
        "language_confidence": language.confidence,
        "channels": [_channel(channel, roles) for channel in channels],
        "segments": [
            _segment(place, segment, named, roles)
            for place, (segment, named) in enumerate(zip(segments, languages, strict=True))
        ],
        "utterances": utterances,
        "metrics": metrics_of(duration_ms, channels, heard, roles),
        "quality": quality_of(channels, heard),
        "timestamp_source": "vad",
        "engine": _engine(hypotheses),
        "options": options_of(job),
        "timings_ms": _timings(job),
        "warnings": caveats_of(job, channels, hypotheses),
    }
    return as_json(content)


def _duration(recording: Recording, channels: Sequence[Channel]) -> int:
    if recording.duration_ms is not None:
        return recording.duration_ms
    return max((channel.duration_ms for channel in channels), default=0)


def _written(
    segments: Sequence[Segment],
    languages: Sequence[NamedLanguage],
    script: ChineseScript,
    *,
    of_call: NamedLanguage,
) -> list[Segment]:
    return [
        replace(segment, text=written(segment.text, script, language=named.code, call_language=of_call.code))
        for segment, named in zip(segments, languages, strict=True)
    ]


def _channel(channel: Channel, roles: Roles) -> TranscriptChannel:
    return {
        "index": channel.index,
        "role": roles[channel.index],
        "duration_ms": channel.duration_ms,
        "speech_ms": channel.speech_ms,
        "findings": list(channel.findings or ()),
    }


def _segment(place: int, segment: Segment, named: NamedLanguage, roles: Roles) -> TranscriptSegment:
    return {
        "id": place,
        "channel": segment.channel,
        "role": roles[segment.channel],
        "start_ms": segment.start_ms,
        "end_ms": segment.end_ms,
        "text": segment.text,
        "confidence": confidence_of([segment]),
        "language": named.code,
        "language_source": named.source,
        "language_confidence": named.confidence,
        "finish_reason": segment.finish_reason,
    }


def _utterance(segments: Sequence[Segment], run: list[int], roles: Roles) -> TranscriptUtterance:
    parts = [segments[place] for place in run]
    return {
        "channel": parts[0].channel,
        "role": roles[parts[0].channel],
        "start_ms": parts[0].start_ms,
        "end_ms": max(part.end_ms for part in parts),
        "text": join_texts(part.text for part in parts),
        "confidence": confidence_of(parts),
        "segments": run,
    }


def _engine(hypotheses: Sequence[Hypothesis]) -> TranscriptEngine:
    """The one that heard most chunks; a warning names the others."""
    kinds = Counter((hypothesis.engine_version, hypothesis.dtype) for hypothesis in hypotheses)
    version, dtype = max(kinds, key=lambda kind: (kinds[kind], kind), default=(None, None))
    return {"version": version, "dtype": dtype}


def _timings(job: Job) -> TranscriptTimings:
    return {
        "queued": _milliseconds(job.created_at, job.started_at),
        "preparing": _milliseconds(job.started_at, job.prepared_at),
        "waiting": _milliseconds(job.prepared_at, job.recognizing_at),
        "transcribing": _milliseconds(job.recognizing_at, job.transcribed_at),
    }


def _milliseconds(since: datetime | None, until: datetime | None) -> int | None:
    if since is None or until is None:
        return None
    return round((until - since) / timedelta(milliseconds=1))
