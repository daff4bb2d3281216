"""How far measured metrics of calls are from the true ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.spread import percentile
from models.metrics_content import ChannelMetrics, Interruption, MetricsContent, MetricsTurn, TimeSpan
from workers.finishing.metrics.spans import Span


@dataclass
class Found:
    """Of things that are there or not."""

    true: int = 0
    told: int = 0
    right: int = 0
    """In both."""

    def add(self, *, true: int, told: int, right: int) -> None:
        self.true += true
        self.told += told
        self.right += right

    def figures(self, name: str) -> dict[str, object]:
        return {
            f"{name}_true": self.true,
            f"{name}_precision": round(self.right / self.told, 3) if self.told else None,
            f"{name}_recall": round(self.right / self.true, 3) if self.true else None,
        }


@dataclass
class Agreement:
    """Over all calls that were added."""

    calls: int = 0
    audio_ms: int = 0
    boundaries_ms: list[int] = field(default_factory=list)
    turns: Found = field(default_factory=Found)
    interruptions: Found = field(default_factory=Found)
    backchannels: Found = field(default_factory=Found)
    dead_air: Found = field(default_factory=Found)
    talk_ms: list[tuple[int, int]] = field(default_factory=list)
    """True and told, as all below."""
    overlap_ms: list[tuple[int, int]] = field(default_factory=list)
    median_delays_ms: list[tuple[int, int]] = field(default_factory=list)

    def add(self, true: MetricsContent, told: MetricsContent) -> None:
        self.calls += 1
        self.audio_ms += true["talk_ms"] + true["silence_ms"]
        self._add_turns(true["turns"] or [], told["turns"] or [])
        self._add_interruptions(true["interruptions"] or [], told["interruptions"] or [])
        right = sum(_has(told["dead_air"], span) for span in true["dead_air"])
        self.dead_air.add(true=len(true["dead_air"]), told=len(told["dead_air"]), right=right)
        self.overlap_ms.append((true["overlap_ms"] or 0, told["overlap_ms"] or 0))
        for one, other in zip(true["channels"], told["channels"], strict=True):
            self._add_party(one, other)

    def figures(self) -> dict[str, object]:
        delays = [abs(true - told) for true, told in self.median_delays_ms]
        return {
            "calls": self.calls,
            "audio_minutes": round(self.audio_ms / 60_000, 1),
            "turn_boundary_error_p50_ms": percentile(self.boundaries_ms, 50),
            "turn_boundary_error_p95_ms": percentile(self.boundaries_ms, 95),
            **self.turns.figures("turns"),
            "overlap_true_s": round(sum(true for true, _ in self.overlap_ms) / 1000, 1),
            "overlap_error_percent": _total_error(self.overlap_ms),
            "overlap_error_of_a_call_p50_percent": _median_error(self.overlap_ms),
            "talk_error_percent": _total_error(self.talk_ms),
            "talk_error_of_a_party_p50_percent": _median_error(self.talk_ms),
            **self.interruptions.figures("interruptions"),
            **self.backchannels.figures("backchannels"),
            **self.dead_air.figures("dead_air"),
            "median_delay_error_of_a_party_p50_ms": median(delays) if delays else None,
        }

    def _add_turns(self, true: Sequence[MetricsTurn], told: Sequence[MetricsTurn]) -> None:
        matched: set[int] = set()
        for turn in true:
            same = [place for place, other in enumerate(told) if other["channel"] == turn["channel"]]
            best = max(same, key=lambda place: _shared_ms(turn, told[place]), default=None)
            if best is None or not _shared_ms(turn, told[best]) or best in matched:
                continue
            matched.add(best)
            self.boundaries_ms += [
                abs(turn["start_ms"] - told[best]["start_ms"]),
                abs(turn["end_ms"] - told[best]["end_ms"]),
            ]
        self.turns.add(true=len(true), told=len(told), right=len(matched))

    def _add_interruptions(self, true: Sequence[Interruption], told: Sequence[Interruption]) -> None:
        right = sum(
            any(
                (one["by"], one["on"], one["took_turn"]) == (other["by"], other["on"], other["took_turn"])
                and _shared_ms(one, other)
                for other in told
            )
            for one in true
        )
        self.interruptions.add(true=len(true), told=len(told), right=right)

    def _add_party(self, true: ChannelMetrics, told: ChannelMetrics) -> None:
        self.talk_ms.append((true["talk_ms"], told["talk_ms"]))
        counts = true["backchannels"] or 0, told["backchannels"] or 0
        # Places are not told: as many as both count are taken for the same.
        self.backchannels.add(true=counts[0], told=counts[1], right=min(counts))
        delays = [each["responses"]["median_ms"] if each["responses"] else None for each in (true, told)]
        if delays[0] is not None and delays[1] is not None:
            self.median_delays_ms.append((delays[0], delays[1]))


def _shared_ms(one: TimeSpan, other: TimeSpan) -> int:
    return Span(one["start_ms"], one["end_ms"]).shared_ms(Span(other["start_ms"], other["end_ms"]))


def _has(spans: Sequence[TimeSpan], wanted: TimeSpan) -> bool:
    return any(_shared_ms(span, wanted) for span in spans)


def _total_error(pairs: Sequence[tuple[int, int]]) -> float | None:
    """In percent of all that is true."""
    true, told = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
    return round(100 * abs(told - true) / true, 1) if true else None


def _median_error(pairs: Sequence[tuple[int, int]]) -> float | None:
    """In percent, of those that have any."""
    errors = [100 * abs(told - true) / true for true, told in pairs if true]
    return round(median(errors), 1) if errors else None
