"""The shape of a transcript's metrics. docs/metrics.md defines each figure."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict


class TimeSpan(TypedDict):
    start_ms: int
    end_ms: int


class Overlap(TimeSpan):
    """The same parties speak at once."""

    channels: list[int]


class MetricsTurn(TimeSpan):
    """One party's, until another takes it or a long pause."""

    channel: int
    role: str | None


class Interruption(TimeSpan):
    """One party began while another was talking, and both went on at once."""

    by: int
    """The channel that cut in ..."""
    by_role: str | None
    on: int
    """... and on which."""
    on_role: str | None
    overlap_ms: int
    """How long both really spoke."""
    took_turn: bool
    """`by` was still talking when `on` had ended."""


class Pace(TypedDict):
    """How fast somebody speaks, pauses left out."""

    unit: Literal["words", "characters"]
    """`characters` where most of it is Chinese or Japanese."""
    count: int
    per_minute: float | None
    """Null where there is no talk."""


class ResponseFigures(TypedDict):
    """How long others waited for its answers; negative where it began before they had ended."""

    count: int
    median_ms: int | None
    """Percentiles are nearest ranks; null where there was no answer."""
    p95_ms: int | None
    max_ms: int | None


class PartyExchange(TypedDict):
    """What one party does with the others. All null where parties are not told apart."""

    talk_ratio: float | None
    """Its share of all talk; also null where nobody talks."""
    turns: int | None
    longest_monologue: TimeSpan | None
    """Its longest turn; also null where it had none."""
    responses: ResponseFigures | None
    interruptions_made: int | None
    interruptions_suffered: int | None
    backchannels: int | None


class PartyFigures(PartyExchange):
    """Of one party."""

    talk_ms: int
    first_speech_ms: int | None
    """Null where it never speaks."""
    pace: Pace
    level_dbfs: float | None
    """Loudness as the recording came: active speech level, ITU-T P.56. Null where it was not to be told."""


class ChannelMetrics(PartyFigures):
    index: int
    role: str | None


class RoleMetrics(PartyFigures):
    """All channels of one role together."""

    role: str
    channels: list[int]


class MetricsThresholds(TypedDict):
    """What counted as what, in milliseconds."""

    dead_air: int
    turn_pause: int
    stretch_pause: int
    backchannel: int
    interruption: int
    together: int


class CallExchange(TypedDict):
    """What the parties do with one another. All null where they are not told apart."""

    overlaps: list[Overlap] | None
    overlap_ms: int | None
    interruptions: list[Interruption] | None
    turns: list[MetricsTurn] | None


class MetricsContent(CallExchange):
    """What is known of a call from voice activity, and of how loud its speech is."""

    definitions: int
    """Which edition of docs/metrics.md; grows when a definition or a threshold changes."""
    thresholds_ms: MetricsThresholds
    parties: Literal["channels", "unknown"]
    """`channels`: each is taken for one party. `unknown`: all speech is on one without a role."""
    talk_ms: int
    """Somebody speaks."""
    silence_ms: int
    """Nobody does; the rest of the duration."""
    dead_air: list[TimeSpan]
    dead_air_ms: int
    channels: list[ChannelMetrics]
    roles: list[RoleMetrics] | None
    """Null where no role is known."""
