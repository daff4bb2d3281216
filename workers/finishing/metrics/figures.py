"""The figures of one party, be it a channel or all channels of a role."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from models.metrics_content import Pace, PartyExchange, PartyFigures, ResponseFigures, TimeSpan
from workers.finishing.metrics.call import Voice
from workers.finishing.metrics.exchange import Exchange
from workers.finishing.metrics.levels import pooled_level
from workers.finishing.metrics.pace import wording_of
from workers.finishing.metrics.responses import nearest_rank
from workers.finishing.metrics.spans import Span, Talk, total_ms

RATIO_DIGITS: Final = 4

NOT_TOLD_APART: Final[PartyExchange] = {
    "talk_ratio": None,
    "turns": None,
    "longest_monologue": None,
    "responses": None,
    "interruptions_made": None,
    "interruptions_suffered": None,
    "backchannels": None,
}


def figures_of(voices: Sequence[Voice], talk: Talk, exchange: Exchange | None) -> PartyFigures:
    """Pooled over these voices; no exchange means that parties are not told apart."""
    channels = {voice.channel for voice in voices}
    talk_ms = sum(total_ms(talk[channel]) for channel in channels)
    starts = [talk[channel][0].start_ms for channel in channels if talk[channel]]
    return {
        "talk_ms": talk_ms,
        "first_speech_ms": min(starts, default=None),
        "pace": _pace(voices, talk_ms),
        "level_dbfs": pooled_level([(total_ms(talk[voice.channel]), voice.level_dbfs) for voice in voices]),
        **(NOT_TOLD_APART if exchange is None else _in_exchange(channels, talk, exchange)),
    }


def as_content(span: Span) -> TimeSpan:
    return {"start_ms": span.start_ms, "end_ms": span.end_ms}


def _pace(voices: Sequence[Voice], talk_ms: int) -> Pace:
    wording = wording_of(text for voice in voices for text in voice.texts)
    return {"unit": wording.unit, "count": wording.count, "per_minute": wording.per_minute(talk_ms)}


def _in_exchange(channels: Collection[int], talk: Talk, exchange: Exchange) -> PartyExchange:
    turns = [turn.span for turn in exchange.turns if turn.channel in channels]
    delays = [response.delay_ms for response in exchange.responses if response.channel in channels]
    return {
        "talk_ratio": _share(channels, talk),
        "turns": len(turns),
        "longest_monologue": _longest(turns),
        "responses": _responses(delays),
        "interruptions_made": sum(each.by in channels for each in exchange.interruptions),
        "interruptions_suffered": sum(each.on in channels for each in exchange.interruptions),
        "backchannels": sum(each.channel in channels for each in exchange.backchannels),
    }


def _share(channels: Collection[int], talk: Talk) -> float | None:
    """Of all talk; None where nobody talks."""
    of_all_ms = sum(total_ms(spans) for spans in talk.values())
    own_ms = sum(total_ms(talk[channel]) for channel in channels)
    return round(own_ms / of_all_ms, RATIO_DIGITS) if of_all_ms else None


def _longest(spans: Sequence[Span]) -> TimeSpan | None:
    """The first of several."""
    longest = max(spans, key=lambda span: span.duration_ms, default=None)
    return None if longest is None else as_content(longest)


def _responses(delays: Sequence[int]) -> ResponseFigures:
    return {
        "count": len(delays),
        "median_ms": nearest_rank(delays, 50),
        "p95_ms": nearest_rank(delays, 95),
        "max_ms": nearest_rank(delays, 100),
    }
