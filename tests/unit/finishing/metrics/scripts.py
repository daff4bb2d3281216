"""Calls that are written down before they are spoken: what is true of them is known, not measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from tests.unit.finishing.metrics.conversations import ROLES
from workers.finishing.metrics.call import Call, Voice
from workers.finishing.metrics.interruptions import Interruption
from workers.finishing.metrics.spans import Span
from workers.finishing.metrics.turns import Turn


@dataclass(frozen=True)
class Script:
    """Two parties' call. Every figure is noted when it is written, and none is computed from the spans."""

    speech: tuple[list[Span], list[Span]] = field(default_factory=lambda: ([], []))
    turns: list[Turn] = field(default_factory=list)
    interruptions: list[Interruption] = field(default_factory=list)
    delays: tuple[list[int], list[int]] = field(default_factory=lambda: ([], []))
    """Of each party's answers."""
    backchannels: list[int] = field(default_factory=lambda: [0, 0])
    overlaps: list[Span] = field(default_factory=list)
    dead_air: list[Span] = field(default_factory=list)

    @property
    def duration_ms(self) -> int:
        return max(span.end_ms for spans in self.speech for span in spans) + 1_000

    @property
    def call(self) -> Call:
        voices = [Voice(channel, ROLES[channel], self.speech[channel]) for channel in (0, 1)]
        return Call(self.duration_ms, voices)


def written(seed: int) -> Script:
    """A dialogue of 5 to 25 turns; the same seed always gives the same one."""
    random = Random(seed)  # noqa: S311 - no secret
    script = Script()
    _speak(random, script, random.randrange(2), random.randrange(5_000))
    for _ in range(random.randrange(4, 25)):
        _NEXT[random.randrange(len(_NEXT))](random, script)
    return script


def _answer(random: Random, script: Script) -> None:
    _delayed(random, script, random.randrange(0, 1_500))


def _early_answer(random: Random, script: Script) -> None:
    """Over the last syllables of the other: no interruption."""
    before, delay_ms = script.turns[-1], -random.randrange(50, 350)
    _delayed(random, script, delay_ms)
    script.overlaps.append(Span(before.span.end_ms + delay_ms, before.span.end_ms))


def _dead_air(random: Random, script: Script) -> None:
    before, delay_ms = script.turns[-1], random.randrange(10_500, 20_000)
    _delayed(random, script, delay_ms)
    script.dead_air.append(Span(before.span.end_ms, before.span.end_ms + delay_ms))


def _own_pause(random: Random, script: Script) -> None:
    before = script.turns[-1]
    _speak(random, script, before.channel, before.span.end_ms + random.randrange(2_200, 6_000))


def _interruption(random: Random, script: Script) -> None:
    before, overlap_ms = script.turns[-1], random.randrange(700, 2_000)
    both = Span(before.span.end_ms - overlap_ms, before.span.end_ms)
    _speak(random, script, 1 - before.channel, both.start_ms)
    script.overlaps.append(both)
    script.interruptions.append(
        Interruption(1 - before.channel, before.channel, both, overlap_ms, took_turn=True)
    )


_NEXT = (_answer, _answer, _answer, _early_answer, _early_answer, _dead_air, _own_pause, _interruption)


def _delayed(random: Random, script: Script, delay_ms: int) -> None:
    before = script.turns[-1]
    _speak(random, script, 1 - before.channel, before.span.end_ms + delay_ms)
    script.delays[1 - before.channel].append(delay_ms)


def _speak(random: Random, script: Script, channel: int, start_ms: int) -> None:
    """A turn: the other may talk over its head and tail, which have no pause, or within its middle."""
    end_ms = start_ms
    for _ in range(random.randrange(2, 6)):
        span = Span(end_ms, end_ms + random.randrange(4_000, 6_000))
        if start_ms < span.start_ms and random.random() < 0.3:
            _try(random, script, channel, span)
        script.speech[channel].append(span)
        end_ms = span.end_ms + random.randrange(100, 450)
    last = Span(end_ms, end_ms + random.randrange(2_500, 4_000))
    script.speech[channel].append(last)
    script.turns.append(Turn(channel, Span(start_ms, last.end_ms)))


def _try(random: Random, script: Script, channel: int, within: Span) -> None:
    """The other says something and is over before the speaker is: "mhm", or more than that."""
    other, start_ms = 1 - channel, within.start_ms + random.randrange(300, 900)
    is_backchannel = random.random() < 0.6
    length_ms = random.randrange(250, 850) if is_backchannel else random.randrange(1_200, 2_500)
    both = Span(start_ms, start_ms + length_ms)
    script.speech[other].append(both)
    script.overlaps.append(both)
    if is_backchannel:
        script.backchannels[other] += 1
    else:
        script.interruptions.append(Interruption(other, channel, both, length_ms, took_turn=False))
