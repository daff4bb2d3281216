"""What a reader of a transcript should be warned of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

from models.channel import Channel
from models.channel_finding import FindingCode, Severity
from models.hypothesis import Hypothesis
from models.job import Job
from models.transcript_content import TranscriptWarning
from workers.engines.base import FinishReason


class WarningCode(StrEnum):
    NO_SPEECH = "no_speech"
    ROLE_WITHOUT_CHANNEL = "role_without_channel"
    ROLES_UNKNOWN = "roles_unknown"
    CHANNEL_FINDING = "channel_finding"
    CUT_TEXT = "cut_text"
    MIXED_ENGINES = "mixed_engines"


Found = Iterator[tuple[WarningCode, str]]


def caveats_of(
    job: Job, channels: Sequence[Channel], hypotheses: Sequence[Hypothesis]
) -> list[TranscriptWarning]:
    """In a fixed order, so that equal calls give equal transcripts."""
    found = [
        *_without_speech(channels),
        *_roles_without_channel(job, channels),
        *_unknown_roles(job, channels),
        *_findings(channels),
        *_cut_texts(hypotheses),
        *_mixed_engines(hypotheses),
    ]
    return [{"code": code.value, "message": message} for code, message in found]


def _without_speech(channels: Sequence[Channel]) -> Found:
    for channel in channels:
        if channel.speech_ms == 0:
            yield WarningCode.NO_SPEECH, f"No speech was found on channel {channel.index}."


def _roles_without_channel(job: Job, channels: Sequence[Channel]) -> Found:
    present = {str(channel.index) for channel in channels}
    for index, role in sorted(job.roles.items()):
        if index not in present:
            yield (
                WarningCode.ROLE_WITHOUT_CHANNEL,
                f"The recording has no channel {index} for the role {role}.",
            )


def _unknown_roles(job: Job, channels: Sequence[Channel]) -> Found:
    """A role for the only channel is the caller's word that one party is all there is."""
    only_one = len(channels) == 1 and channels[0].speech_ms > 0 and set(job.roles) != {"0"}
    if only_one or any(channel.has(FindingCode.DUAL_MONO) for channel in channels):
        yield WarningCode.ROLES_UNKNOWN, "All parties share one track: who speaks is not known."


def _findings(channels: Sequence[Channel]) -> Found:
    for channel in channels:
        for finding in channel.findings or ():
            if finding["severity"] == Severity.WARNING:
                yield WarningCode.CHANNEL_FINDING, f"Channel {channel.index}: {finding['message']}"


def _cut_texts(hypotheses: Sequence[Hypothesis]) -> Found:
    cut = sum(hypothesis.finish_reason != FinishReason.EOS for hypothesis in hypotheses)
    if cut:
        yield (
            WarningCode.CUT_TEXT,
            f"The engine was stopped before it ended in {cut} of {len(hypotheses)} chunks.",
        )


def _mixed_engines(hypotheses: Sequence[Hypothesis]) -> Found:
    kinds = {(hypothesis.engine_version, hypothesis.dtype) for hypothesis in hypotheses}
    if len(kinds) > 1:
        named = ", ".join(f"{version} in {dtype}" for version, dtype in sorted(kinds))
        yield WarningCode.MIXED_ENGINES, f"Its chunks were heard by different engines: {named}."
