"""Calls as rows, as the database would hand them to the assembly."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from hypothesis import strategies as st

from models import Channel, Chunk, Hypothesis, Job, Lane, Recording
from models.channel_finding import ChannelFinding, FindingCode, Severity
from models.chinese_script import ChineseScript
from models.transcript_content import TranscriptContent, from_json
from workers.finishing.assembly import assemble

NOON: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Said:
    """One chunk and what was heard in it."""

    channel: int
    start_ms: int
    end_ms: int
    text: str
    speech_ms: Sequence[int] = ()
    token_logprobs: Sequence[float] = ()
    language: str | None = "en"
    finish_reason: str = "eos"
    engine_version: str = "scripted 1"


def job(
    *,
    roles: Mapping[str, str] | None = None,
    language: str | None = None,
    script: ChineseScript = ChineseScript.AS_IS,
) -> Job:
    """A job whose chunks are all heard, a quarter of a minute after it was submitted."""
    return Job(
        id=uuid.UUID(int=7),
        model="scripted",
        language=language,
        script=script,
        lane=Lane.BULK,
        roles=dict(roles or {}),
        created_at=NOON,
        started_at=NOON + timedelta(seconds=1),
        prepared_at=NOON + timedelta(seconds=3),
        recognizing_at=NOON + timedelta(seconds=7),
        transcribed_at=NOON + timedelta(seconds=15),
    )


def channels(count: int, *, duration_ms: int = 60_000, speech_ms: int = 20_000) -> list[Channel]:
    return [
        Channel(index=index, duration_ms=duration_ms, speech_ms=speech_ms, findings=[])
        for index in range(count)
    ]


def finding(code: FindingCode, severity: Severity = Severity.WARNING) -> ChannelFinding:
    """Something about a channel."""
    return {"code": code, "severity": severity, "message": "It sounds odd.", "measures": {"lag_ms": 3.5}}


def heard(*said: Said) -> list[tuple[Chunk, Hypothesis]]:
    """By channel and time, as the repository reads them."""
    ordered = sorted(said, key=lambda each: (each.channel, each.start_ms))
    return [_pair(index, each) for index, each in enumerate(ordered)]


def transcript_of(
    *said: Said, channel_count: int = 2, roles: Mapping[str, str] | None = None
) -> TranscriptContent:
    recording = Recording(duration_ms=60_000)
    return from_json(assemble(job(roles=roles), recording, channels(channel_count), heard(*said)))


def _pair(index: int, said: Said) -> tuple[Chunk, Hypothesis]:
    chunk = Chunk(
        id=index,
        channel=said.channel,
        index=index,
        start_ms=said.start_ms,
        end_ms=said.end_ms,
        speech_ms=list(said.speech_ms),
    )
    hypothesis = Hypothesis(
        chunk_id=index,
        text=said.text,
        token_logprobs=list(said.token_logprobs),
        finish_reason=said.finish_reason,
        language=said.language,
        engine_version=said.engine_version,
        dtype="float32",
    )
    return chunk, hypothesis


WORDS: Final = st.text(
    st.one_of(
        st.sampled_from(" abzé,.?-<>&:'\"0123\n\t\u2028“”…"),
        st.sampled_from("你好。，！（）「」東京カー한국어"),
        st.characters(exclude_categories=["Cs", "Cc"]),
    ),
    max_size=120,
)
"""What engines write, and what they might."""


@st.composite
def calls(draw: st.DrawFn, *, channel_count: int = 2) -> list[Said]:
    """Each channel's chunks follow one another; the channels overlap as they like."""
    said = []
    for channel in range(channel_count):
        clock = 0
        for text in draw(st.lists(WORDS, max_size=6)):
            start = clock + draw(st.integers(0, 5_000))
            clock = start + draw(st.integers(1, 30_000))
            said.append(Said(channel, start, clock, text, token_logprobs=draw(_LOGPROBS)))
    return said


_LOGPROBS: Final = st.lists(st.floats(-20, 0, width=32), max_size=5)
