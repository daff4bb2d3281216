from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.finding_tally import figures_of
from benchmarks.findings import SEED, tallied
from models.channel_finding import FindingCode
from tests.unit.preparation.findings.hearing import fainter, heard, silence, turns
from workers.preparation.findings.examination import examine

FIRST, SECOND = turns()
CALLS = 15
"""One of each kind; `callscribe bench findings` takes 150."""


class TestExamination:
    def test_of_a_plain_call_finds_nothing(self, tmp_path: Path) -> None:
        examined = examine(heard(tmp_path, FIRST, SECOND), sample_rate=8_000)

        assert [(each.findings, each.is_copy) for each in examined] == [((), False), ((), False)]

    def test_of_one_channel_is_as_good(self, tmp_path: Path) -> None:
        [examined] = examine(heard(tmp_path, fainter(FIRST, decibels=18)), sample_rate=8_000)

        assert [finding.code for finding in examined.findings] == [FindingCode.LOW_LEVEL]

    def test_of_twins_keeps_one_of_them(self, tmp_path: Path) -> None:
        examined = examine(heard(tmp_path, FIRST, FIRST), sample_rate=8_000)

        assert [each.is_copy for each in examined] == [False, True]

    def test_says_nothing_else_of_a_dead_channel(self, tmp_path: Path) -> None:
        channels = heard(tmp_path, FIRST, silence(len(FIRST) / 16_000))

        examined = examine(channels, sample_rate=48_000)

        assert [finding.code for finding in examined[1].findings] == [FindingCode.DEAD_CHANNEL]

    def test_lists_findings_in_the_order_of_their_codes(self, tmp_path: Path) -> None:
        loud = np.clip(FIRST * 30, -1, 1)

        examined = examine(heard(tmp_path, loud, loud), sample_rate=8_000)

        order = list(FindingCode)
        places = [order.index(finding.code) for finding in examined[0].findings]
        assert len(places) > 2
        assert places == sorted(places)

    def test_of_nothing_ends_well(self, tmp_path: Path) -> None:
        examined = examine(heard(tmp_path, silence(0), silence(0)), sample_rate=8_000)

        assert [each.findings for each in examined] == [(), ()]


class TestKnownCalls:
    def test_are_judged_as_the_mark_wants(self) -> None:
        tally = tallied(CALLS, seed=SEED)

        figures = figures_of(tally, CALLS)
        assert figures["precision"] == figures["recall"] == 1.0, tally.mistakes
        # Of those that are found before the words are there.
        assert set(tally.right) == set(FindingCode) - {FindingCode.SWAPPED_LEGS}
