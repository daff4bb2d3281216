"""The shape of a transcript's JSON form, piece by piece. docs/transcript.md shows it to callers."""

from __future__ import annotations

from typing import Literal, cast

from typing_extensions import TypedDict

from models.base import JsonObject
from models.channel_finding import ChannelFinding
from models.job import Job
from models.metrics_content import MetricsContent
from models.quality_content import QualityContent

LanguageSource = Literal["given", "engine", "text"]
"""Who says which language it is: the caller, the engine that heard it, or the text itself."""


class TranscriptChannel(TypedDict):
    """One track of the recording, and how much was said on it."""

    index: int
    role: str | None
    """As the caller gave it, null where the channel holds everybody; never guessed."""
    duration_ms: int
    speech_ms: int
    findings: list[ChannelFinding]
    """What is wrong with it; all but `swapped_legs` was found before anything was transcribed."""


class TranscriptSegment(TypedDict):
    """What was heard in one chunk."""

    id: int
    """Its place in `segments`; utterances name their segments by it."""
    channel: int
    role: str | None
    start_ms: int
    """Where speech begins, by voice activity; not where the chunk was cut."""
    end_ms: int
    text: str
    confidence: float | None
    """Geometric mean of the token probabilities, 0 to 1; null if the engine gave none."""
    language: str | None
    """Null where it is not known for sure."""
    language_source: LanguageSource | None
    language_confidence: float | None
    """0 to 1; null where who named it does not say how sure it is."""
    finish_reason: str
    """`eos`; `length` and `loop` mean that the text was cut."""


class TranscriptUtterance(TypedDict):
    """One party's run: its segments until somebody else begins or a long pause."""

    channel: int
    role: str | None
    start_ms: int
    end_ms: int
    text: str
    confidence: float | None
    segments: list[int]
    """Ids; every segment is in exactly one utterance."""


class TranscriptEngine(TypedDict):
    """Which code and weights heard the call; null where nothing was to be heard."""

    version: str | None
    dtype: str | None


class TranscriptOptions(TypedDict):
    """What was in effect, defaults filled in."""

    model: str
    language: str | None
    script: str
    lane: str
    roles: dict[str, str]


class TranscriptTimings(TypedDict):
    """How long the job stood where; null for what it never entered."""

    queued: int | None
    preparing: int | None
    waiting: int | None
    """Prepared, until a device took its first chunk."""
    transcribing: int | None


class TranscriptWarning(TypedDict):
    """Something that a reader of this transcript should know."""

    code: str
    message: str


class TranscriptContent(TypedDict):
    """The whole. Times are integer milliseconds from the start of the recording."""

    object: Literal["transcript"]
    job_id: str
    model: str
    text: str
    """All utterances in time order, one a line."""
    duration_ms: int
    language: str | None
    """The one with most speech time."""
    language_source: LanguageSource | None
    language_confidence: float | None
    channels: list[TranscriptChannel]
    segments: list[TranscriptSegment]
    utterances: list[TranscriptUtterance]
    metrics: MetricsContent
    quality: QualityContent
    timestamp_source: Literal["vad"]
    engine: TranscriptEngine
    options: TranscriptOptions
    timings_ms: TranscriptTimings
    warnings: list[TranscriptWarning]


def as_json(content: TranscriptContent) -> JsonObject:
    """The same dictionary, typed as the database column takes it."""
    return cast(JsonObject, content)


def from_json(content: JsonObject) -> TranscriptContent:
    """The same dictionary, typed as `as_json` took it; trusted, since only `as_json` made it."""
    return cast(TranscriptContent, content)


def options_of(job: Job) -> TranscriptOptions:
    return {
        "model": job.model,
        "language": job.language,
        "script": job.script.value,
        "lane": job.lane.value,
        "roles": job.roles,
    }


def metrics_in(transcript: TranscriptContent) -> MetricsContent | None:
    """None in transcripts of earlier versions."""
    return transcript.get("metrics")


def quality_in(transcript: TranscriptContent) -> QualityContent | None:
    """None in transcripts of earlier versions."""
    return transcript.get("quality")


def made_out_to(job: Job, content: JsonObject) -> JsonObject:
    """The same words, for another job of the same audio, model, language, script and roles."""
    never_entered: TranscriptTimings = {
        "queued": None,
        "preparing": None,
        "waiting": None,
        "transcribing": None,
    }
    made_out: TranscriptContent = {
        **from_json(content),
        "job_id": str(job.id),
        "options": options_of(job),
        "timings_ms": never_entered,
    }
    return as_json(made_out)
