"""Transcripts as captions: SubRip and WebVTT, one cue a segment.

A long segment stays one cue: to split it, the times of its parts would have to be invented.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from models.line_breaks import break_lines
from models.transcript_content import TranscriptContent
from models.voices import voice_names

LINE_COLUMNS: Final = 42
"""What broadcasters put on one line of captions."""


@dataclass(frozen=True, slots=True)
class Cue:
    start_ms: int
    end_ms: int
    voice: str | None
    text: str


def srt(content: TranscriptContent) -> str:
    """SubRip; who speaks stands before the text, since the format has no word for it."""
    return "\n".join(_srt_cue(number, cue) for number, cue in enumerate(_cues(content), start=1))


def vtt(content: TranscriptContent) -> str:
    """WebVTT; who speaks is a voice tag."""
    return "\n".join(["WEBVTT\n", *(_vtt_cue(cue) for cue in _cues(content))])


def _cues(content: TranscriptContent) -> Iterator[Cue]:
    voices = voice_names(content)
    for segment in content["segments"]:
        start, end = segment["start_ms"], segment["end_ms"]
        # Both formats require that a cue ends after it begins.
        yield Cue(start, max(end, start + 1), voices[segment["channel"]], segment["text"])


def _srt_cue(number: int, cue: Cue) -> str:
    said = cue.text if cue.voice is None else f"{cue.voice}: {cue.text}"
    # The format cannot escape its own arrow.
    lines = break_lines(said.replace("-->", "-- >"), columns=LINE_COLUMNS)
    times = f"{_clock(cue.start_ms, ',')} --> {_clock(cue.end_ms, ',')}"
    return "\n".join([str(number), times, *lines, ""])


def _vtt_cue(cue: Cue) -> str:
    lines = [html.escape(line, quote=False) for line in break_lines(cue.text, columns=LINE_COLUMNS)]
    if cue.voice is not None:
        lines[0] = f"<v {html.escape(cue.voice, quote=False)}>{lines[0]}"
    times = f"{_clock(cue.start_ms, '.')} --> {_clock(cue.end_ms, '.')}"
    return "\n".join([times, *lines, ""])


def _clock(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}{point}{rest:03}"
