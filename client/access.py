"""Which server a client talks to, and with which key."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Access:
    """A server and what it lets us in with."""

    api_url: str
    api_key: str = field(repr=False)
