"""One thing that is found about a channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.channel_finding import ChannelFinding, FindingCode, Severity

DIGITS = 1
"""Of what is measured: tenths of a decibel and of a percent are finer than any reason to act."""


@dataclass(frozen=True, slots=True)
class Finding:
    code: FindingCode
    severity: Severity
    message: str
    measures: Mapping[str, float]
    """The unit is the end of each name."""

    def as_json(self) -> ChannelFinding:
        return {
            "code": self.code.value,
            "severity": self.severity.value,
            "message": self.message,
            "measures": {name: round(value, DIGITS) for name, value in self.measures.items()},
        }
