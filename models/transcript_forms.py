"""The forms in which a transcript can be had, all made from its JSON content."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Final

from models import captions
from models.base import JsonObject
from models.transcript_content import TranscriptContent, from_json
from models.voices import voice_names


class TranscriptForm(StrEnum):
    JSON = "json"
    """Everything that is known; see docs/transcript.md."""
    TEXT = "text"
    """The dialogue, one utterance a line: `[00:01:05] agent: Good morning.`"""
    SRT = "srt"
    """SubRip captions."""
    VTT = "vtt"
    """WebVTT captions with a voice tag for each party."""

    @property
    def media_type(self) -> str:
        return _MEDIA_TYPES[self]


_MEDIA_TYPES: Final = {
    TranscriptForm.JSON: "application/json",
    TranscriptForm.TEXT: "text/plain; charset=utf-8",
    TranscriptForm.SRT: "application/x-subrip; charset=utf-8",
    TranscriptForm.VTT: "text/vtt; charset=utf-8",
}


def render(content: JsonObject, form: TranscriptForm) -> str:
    """The transcript in this form; its words are never changed, only laid out."""
    return _WRITERS[form](from_json(content))


def _json(transcript: TranscriptContent) -> str:
    return json.dumps(transcript, ensure_ascii=False)


def _text(transcript: TranscriptContent) -> str:
    voices = voice_names(transcript)
    lines = []
    for utterance in transcript["utterances"]:
        voice = voices[utterance["channel"]]
        said = utterance["text"] if voice is None else f"{voice}: {utterance['text']}"
        lines.append(f"[{_clock(utterance['start_ms'])}] {said}\n")
    return "".join(lines)


def _clock(milliseconds: int) -> str:
    """Whole seconds, rounded down: a reader who jumps there hears the first word."""
    minutes, seconds = divmod(milliseconds // 1000, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


_WRITERS: Final = {
    TranscriptForm.JSON: _json,
    TranscriptForm.TEXT: _text,
    TranscriptForm.SRT: captions.srt,
    TranscriptForm.VTT: captions.vtt,
}
