"""What may be asked for with a recording, or with all of a batch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class SubmitOptions:
    """What is None is left to the server, or to the batch."""

    model: str | None = None
    language: str | None = None
    lane: str | None = None
    roles: str | Mapping[str, str] | None = None
    """In the order of the channels, `agent,customer`, or by channel, `{"1": "customer"}`."""
    metadata: Mapping[str, JsonValue] = field(default_factory=dict)
    expires_at: datetime | None = None
    """With its zone."""
    reuse: bool | None = None
    webhook_url: str | None = None
    script: str | None = None

    def form(self) -> dict[str, str]:
        """As fields of a form, where all is text."""
        given = self.body() | ({"roles": self.roles} if isinstance(self.roles, str) else {})
        return {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}

    def body(self) -> dict[str, JsonValue]:
        """As JSON."""
        given: dict[str, JsonValue] = {
            "model": self.model,
            "language": self.language,
            "lane": self.lane,
            "roles": self._roles(),
            "metadata": dict(self.metadata) or None,
            "expires_at": None if self.expires_at is None else self.expires_at.isoformat(),
            "reuse": self.reuse,
            "webhook_url": self.webhook_url,
            "script": self.script,
        }
        return {name: value for name, value in given.items() if value is not None}

    def _roles(self) -> JsonValue:
        if isinstance(self.roles, str):
            return [*self.roles.split(",")]
        return None if self.roles is None else {**self.roles}


DEFAULTS: Final = SubmitOptions()
"""All is left to the server, or to the batch."""
