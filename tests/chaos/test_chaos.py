"""A short run of `callscribe chaos`, and whether it would notice if a promise were broken."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from chaos import audit
from chaos.conduct import Enough, Outcome, Scenario, conduct
from chaos.evidence import FOLDER
from chaos.plants import Plant
from chaos.stage import Wishes

pytestmark = pytest.mark.timeout(600)

SEED = 20261122
SECONDS = 40.0
SLOW_ENGINE = {"CALLSCRIBE_ENGINE__SCRIPTED__SECONDS_PER_AUDIO_SECOND": "0.3"}
"""So that a worker that is stopped has something in its hands."""

NO_FENCE = "a chunk is heard under a lease"
NO_LEASE = "a lease is taken away only when its time is over"
PLENTY = 80
"""Jobs of which some are lost by an API that answers early: it never commits one in ten."""
PATIENCE_S = 120.0


def has_broken(rule: str) -> Enough:
    return lambda _, connection: audit.breaches(connection)[rule] > 0


FOUND_BY: dict[Plant, tuple[str, str, Enough]] = {
    Plant.NO_FENCE: ("stop transcribe worker beyond its lease", NO_FENCE, has_broken(NO_FENCE)),
    Plant.NO_LEASE: ("FLUSHALL", NO_LEASE, has_broken(NO_LEASE)),
    Plant.EARLY_ANSWER: ("FLUSHALL", "lost", lambda ledger, _: len(ledger) > PLENTY),
}
"""Each bug with the fault that brings it out, the rule that it breaks, and when to look."""

Conduct = Callable[[Scenario], Outcome]


@pytest.fixture
def conducted(tmp_path: Path) -> Conduct:
    return lambda scenario: conduct(scenario, tmp_path, say=print)


class TestChaos:
    def test_every_promise_is_kept_whatever_breaks(self, conducted: Conduct) -> None:
        outcome = conducted(Scenario(seed=SEED, seconds=SECONDS, most_under_way=60))

        assert {name: count for name, count in outcome.verdict.breaches.items() if count} == {}
        assert outcome.acknowledged > 0
        assert outcome.fault_count > 0


class TestPlantedBugs:
    @pytest.mark.parametrize("plant", Plant)
    def test_are_found_and_leave_evidence(self, conducted: Conduct, tmp_path: Path, plant: Plant) -> None:
        fault, rule, enough = FOUND_BY[plant]
        wishes = Wishes(seed=SEED, plant=plant, settings=SLOW_ENGINE)
        scenario = Scenario(
            seed=SEED,
            seconds=PATIENCE_S,
            faults=[fault],
            wishes=wishes,
            enough=enough,
            most_under_way=PLENTY,
            patience_s=0.0,
        )

        outcome = conducted(scenario)

        assert outcome.verdict.breaches[rule] > 0
        assert rule in json.loads((tmp_path / FOLDER / "breaches.json").read_text())
        assert (tmp_path / FOLDER / "jobs.csv").read_text().count("\n") > 1
