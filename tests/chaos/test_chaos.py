"""A short run of `callscribe chaos`, and whether it would notice if a promise were broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from chaos.conduct import Outcome, Scenario, conduct
from chaos.plants import Plant
from chaos.stage import Wishes

pytestmark = pytest.mark.timeout(600)

SEED = 20261122
SECONDS = 60.0
SLOW_ENGINE = {"CALLSCRIBE_ENGINE__SCRIPTED__SECONDS_PER_AUDIO_SECOND": "0.3"}
"""So that a worker that is stopped has something in its hands."""

FOUND_BY = {
    Plant.NO_FENCE: ("stop transcribe worker beyond its lease", 14.0, "a chunk is heard under a lease"),
    Plant.NO_LEASE: ("FLUSHALL", 5.0, "a lease is taken away only when its time is over"),
    Plant.EARLY_ANSWER: ("FLUSHALL", 5.0, "lost"),
}
"""Each bug with the fault that brings it out, for how many seconds, and the rule that it breaks."""

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
    def test_are_found(self, conducted: Conduct, plant: Plant) -> None:
        fault, seconds, rule = FOUND_BY[plant]
        wishes = Wishes(seed=SEED, plant=plant, settings=SLOW_ENGINE)

        outcome = conducted(
            Scenario(
                seed=SEED, seconds=seconds, faults=[fault], wishes=wishes, most_under_way=24, patience_s=5.0
            )
        )

        assert outcome.verdict.breaches[rule] > 0
