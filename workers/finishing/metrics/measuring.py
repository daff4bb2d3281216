"""All metrics of a call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from models.metrics_content import (
    CallExchange,
    ChannelMetrics,
    Interruption,
    MetricsContent,
    MetricsThresholds,
    MetricsTurn,
    Overlap,
    RoleMetrics,
)
from workers.finishing.metrics import interruptions, turns
from workers.finishing.metrics.call import Call, Voice
from workers.finishing.metrics.exchange import Exchange, exchange_of
from workers.finishing.metrics.figures import as_content, figures_of
from workers.finishing.metrics.spans import Talk, total_ms, union_of
from workers.finishing.metrics.thresholds import DEFINITIONS, THRESHOLDS, Thresholds
from workers.finishing.metrics.timeline import Piece, overlaps, silences, timeline_of

Roles = Mapping[int, str | None]

NOT_TOLD_APART: Final[CallExchange] = {
    "overlaps": None,
    "overlap_ms": None,
    "interruptions": None,
    "turns": None,
}


def measure(call: Call, thresholds: Thresholds = THRESHOLDS) -> MetricsContent:
    """The same call always gives the same figures."""
    voices = sorted(call.voices, key=lambda voice: voice.channel)
    talk = {voice.channel: union_of(voice.speech, duration_ms=call.duration_ms) for voice in voices}
    pieces = timeline_of(talk, duration_ms=call.duration_ms)
    silent = silences(pieces)
    dead_air = [span for span in silent if span.duration_ms >= thresholds.dead_air_ms]
    exchange = exchange_of(talk, thresholds) if call.parties_are_known else None
    roles = {voice.channel: voice.role for voice in voices}
    return {
        "definitions": DEFINITIONS,
        "thresholds_ms": _thresholds(thresholds),
        "parties": "unknown" if exchange is None else "channels",
        "talk_ms": call.duration_ms - total_ms(silent),
        "silence_ms": total_ms(silent),
        "dead_air": [as_content(span) for span in dead_air],
        "dead_air_ms": total_ms(dead_air),
        **(NOT_TOLD_APART if exchange is None else _exchange(exchange, overlaps(pieces), roles)),
        "channels": [_channel(voice, talk, exchange) for voice in voices],
        "roles": _roles(voices, talk, exchange),
    }


def _thresholds(thresholds: Thresholds) -> MetricsThresholds:
    return {
        "dead_air": thresholds.dead_air_ms,
        "turn_pause": thresholds.turn_pause_ms,
        "stretch_pause": thresholds.stretch_pause_ms,
        "backchannel": thresholds.backchannel_ms,
        "interruption": thresholds.interruption_ms,
        "together": thresholds.together_ms,
    }


def _exchange(exchange: Exchange, together: Sequence[Piece], roles: Roles) -> CallExchange:
    return {
        "overlaps": [_overlap(piece) for piece in together],
        "overlap_ms": total_ms(piece.span for piece in together),
        "interruptions": [_interruption(each, roles) for each in exchange.interruptions],
        "turns": [_turn(turn, roles) for turn in exchange.turns],
    }


def _overlap(piece: Piece) -> Overlap:
    return {**as_content(piece.span), "channels": sorted(piece.speaking)}


def _interruption(each: interruptions.Interruption, roles: Roles) -> Interruption:
    return {
        **as_content(each.span),
        "by": each.by,
        "by_role": roles[each.by],
        "on": each.on,
        "on_role": roles[each.on],
        "overlap_ms": each.overlap_ms,
        "took_turn": each.took_turn,
    }


def _turn(turn: turns.Turn, roles: Roles) -> MetricsTurn:
    return {**as_content(turn.span), "channel": turn.channel, "role": roles[turn.channel]}


def _channel(voice: Voice, talk: Talk, exchange: Exchange | None) -> ChannelMetrics:
    return {"index": voice.channel, "role": voice.role, **figures_of([voice], talk, exchange)}


def _roles(voices: Sequence[Voice], talk: Talk, exchange: Exchange | None) -> list[RoleMetrics] | None:
    """In the order of their first channels; a channel without a role is in none."""
    gathered: dict[str, list[Voice]] = {}
    for voice in voices:
        if voice.role is not None:
            gathered.setdefault(voice.role, []).append(voice)
    return [_role(role, of_role, talk, exchange) for role, of_role in gathered.items()] or None


def _role(role: str, voices: Sequence[Voice], talk: Talk, exchange: Exchange | None) -> RoleMetrics:
    channels = [voice.channel for voice in voices]
    return {"role": role, "channels": channels, **figures_of(voices, talk, exchange)}
