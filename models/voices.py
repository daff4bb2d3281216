"""What each channel's party is called where people read a transcript."""

from __future__ import annotations

from models.transcript_content import TranscriptContent


def voice_names(content: TranscriptContent) -> dict[int, str | None]:
    """Name by channel: its role, else its number; None where there is but one and it has no role."""
    lonely = len(content["channels"]) == 1
    return {
        channel["index"]: _on_one_line(channel["role"]) or (None if lonely else f"channel {channel['index']}")
        for channel in content["channels"]
    }


def _on_one_line(role: str | None) -> str:
    # A role is the caller's own word, and a line break in it would tear a caption apart.
    return " ".join((role or "").split())
