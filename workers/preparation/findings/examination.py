"""Looks at all channels of a recording, each alone and each beside the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from models.channel_finding import FindingCode
from workers.preparation.findings.bleed import find_bleeds
from workers.preparation.findings.clipping import find_clipping
from workers.preparation.findings.dead_channel import find_dead_channel
from workers.preparation.findings.dual_mono import dual_mono, find_twins
from workers.preparation.findings.finding import Finding
from workers.preparation.findings.heard_channel import HeardChannel
from workers.preparation.findings.level import find_level, voice_level
from workers.preparation.findings.narrowband import find_narrowband

ORDER: Final = list(FindingCode)


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found about one channel."""

    findings: tuple[Finding, ...]
    """In the order of their codes."""
    is_copy: bool
    """Another channel holds the same signal and is transcribed for both."""
    level_dbfs: float | None
    """Active speech level; None where there is too little speech to judge it by."""


def examine(channels: Sequence[HeardChannel], *, sample_rate: int) -> list[Examination]:
    """One for each channel, in order; `sample_rate` is what the recording claims, Hz."""
    twins = [pair for pair in (find_twins(*each) for each in combinations(channels, 2)) if pair]
    copies = {pair.copy.index for pair in twins}
    bleeds = find_bleeds(channels) if not twins else {}
    examined = []
    for channel in channels:
        found = [*_alone(channel, sample_rate), *bleeds.get(channel.index, ())]
        found += [dual_mono(pair, channel) for pair in twins if channel in (pair.first, pair.second)]
        found.sort(key=lambda finding: ORDER.index(finding.code))
        examined.append(
            Examination(tuple(found), is_copy=channel.index in copies, level_dbfs=voice_level(channel))
        )
    return examined


def _alone(channel: HeardChannel, sample_rate: int) -> list[Finding]:
    """What shows on the channel itself; of one that is dead there is nothing else to say."""
    dead = find_dead_channel(channel)
    found = (
        [find_clipping(channel), find_level(channel), find_narrowband(channel, sample_rate=sample_rate)]
        if dead is None
        else [dead]
    )
    return [each for each in found if each is not None]
