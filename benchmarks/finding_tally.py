"""Counts what is found against what was put in, code by code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from benchmarks.known_calls import Call
from models.channel_finding import FindingCode
from workers.preparation.findings.examination import Examination

NOTED: Final = {
    FindingCode.BLEED: ("attenuation_db", "lag_ms"),
    FindingCode.LOW_LEVEL: ("level_dbfs",),
    FindingCode.HIGH_LEVEL: ("level_dbfs",),
}
"""Measures whose true value is known."""


@dataclass
class Tally:
    """What was found, by code."""

    right: Counter[FindingCode] = field(default_factory=Counter)
    wrong: Counter[FindingCode] = field(default_factory=Counter)
    missed: Counter[FindingCode] = field(default_factory=Counter)
    errors: dict[str, list[float]] = field(default_factory=dict)
    channel_s: float = 0.0
    listening_s: float = 0.0
    examining_s: float = 0.0
    """Processor time; measuring levels, which preparation did before, is not in it."""
    mistakes: list[str] = field(default_factory=list)

    def count(self, call: Call, examined: Sequence[Examination]) -> None:
        found = {(index, each.code) for index, one in enumerate(examined) for each in one.findings}
        self.right.update(code for _, code in found & call.truth)
        self.wrong.update(code for _, code in found - call.truth)
        self.missed.update(code for _, code in call.truth - found)
        if found != call.truth:
            extra, lacking = (sorted(each) for each in (found - call.truth, call.truth - found))
            self.mistakes.append(f"{call.name}: found {extra} too much, missed {lacking}")
        for one in examined:
            for finding in one.findings:
                for name in NOTED.get(finding.code, ()):
                    if name in call.noted:
                        error = abs(finding.measures[name] - call.noted[name])
                        self.errors.setdefault(f"{finding.code}_{name}", []).append(error)


def figures_of(tally: Tally, count: int) -> dict[str, object]:
    codes = [code for code in FindingCode if tally.right[code] + tally.missed[code] + tally.wrong[code]]
    precision = {code: share(tally.right[code], tally.wrong[code]) for code in codes}
    recall = {code: share(tally.right[code], tally.missed[code]) for code in codes}
    return {
        "calls": count,
        "precision": share(tally.right.total(), tally.wrong.total()),
        "recall": share(tally.right.total(), tally.missed.total()),
        "least_precision_of_a_code": min(precision.values()),
        "least_recall_of_a_code": min(recall.values()),
        **{name: figure for code in codes for name, figure in _by_code(code, tally, precision, recall)},
        **{f"{name}_error_median": round(median(each), 2) for name, each in sorted(tally.errors.items())},
        "listening_ms_for_a_channel_second": round(1000 * tally.listening_s / tally.channel_s, 3),
        "examining_ms_for_a_channel_second": round(1000 * tally.examining_s / tally.channel_s, 3),
        "examining_percent_of_listening": round(100 * tally.examining_s / tally.listening_s, 1),
    }


def _by_code(
    code: FindingCode, tally: Tally, precision: dict[FindingCode, float], recall: dict[FindingCode, float]
) -> Iterator[tuple[str, object]]:
    yield f"{code}_channels", tally.right[code] + tally.missed[code]
    yield f"{code}_precision", precision[code]
    yield f"{code}_recall", recall[code]


def share(right: int, otherwise: int) -> float:
    """1 where there was nothing to be right or wrong about."""
    return round(right / (right + otherwise), 4) if right + otherwise else 1.0
