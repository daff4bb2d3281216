"""Milliseconds as people read them."""

from __future__ import annotations


def clock(milliseconds: int) -> str:
    """`1:05.3`, and hours only where there are some; cut, not rounded."""
    tenths = milliseconds // 100
    minutes, seconds = divmod(tenths // 10, 60)
    hours, minutes = divmod(minutes, 60)
    start = f"{hours}:{minutes:02}" if hours else str(minutes)
    return f"{start}:{seconds:02}.{tenths % 10}"


def span(seconds: float) -> str:
    """`0:12:03`: hours, minutes and seconds; cut, not rounded."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
