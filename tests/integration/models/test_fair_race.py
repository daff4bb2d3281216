"""Owners of very different size before one device: nobody waits because somebody else has much."""

from __future__ import annotations

from statistics import mean
from typing import Final

import pytest

from benchmarks.race import Race, run
from core.database import SessionFactory
from models import Lane
from models.chunk import BUCKETS

BULK: Final = 100_000
SEED: Final = 20261122
OWNERS: Final = 20
SMALL: Final = OWNERS // 2
"""Rank from which owners together hand over less than the first two of them."""
A_CALL: Final = (2.0, 6.0, 12.0, 20.0, 29.0)
"""Seconds of its chunks: some in every duration bucket."""


@pytest.fixture
def race(sessions: SessionFactory) -> Race:
    race = Race(sessions)
    race.bulk(1, chunks=BULK)
    return race


class TestBesideABulk:
    def test_calls_of_many_owners_wait_by_their_lane_and_not_by_their_size(self, race: Race) -> None:
        run(race, owners=OWNERS, device_batches=40, calls=3, seed=SEED)

        live = [delay for call, delay in race.delays if call.lane is Lane.LIVE]
        small, big = (
            [delay for call, delay in race.delays if call.lane is Lane.BULK and (call.rank >= SMALL) is few]
            for few in (True, False)
        )
        assert (len(live) > 10, len(small) > 10, len(big) > 10) == (True, True, True)
        assert max(live) <= 2
        assert mean(small) <= mean(big) + 1

    @pytest.mark.parametrize("lead", [0, 1, 10])
    def test_a_call_is_heard_as_soon_as_every_bucket_had_its_turn(self, race: Race, lead: int) -> None:
        for _ in range(lead):
            race.device_batch()
        race.call(2, Lane.BULK, A_CALL)

        for _ in range(len(BUCKETS) + 1):
            race.device_batch()

        assert [call.rank for call, _ in race.delays] == [2]

    def test_a_live_call_of_the_big_owner_overtakes_its_own_bulk(self, race: Race) -> None:
        race.device_batch()
        race.call(1, Lane.LIVE, A_CALL)

        race.device_batch()

        assert [delay for _, delay in race.delays] == [1]


class TestBesideALiveBulk:
    def test_a_live_call_of_another_owner_is_heard_as_soon_as_every_bucket_had_its_turn(
        self, sessions: SessionFactory
    ) -> None:
        race = Race(sessions)
        race.bulk(1, chunks=BULK // 10, lane=Lane.LIVE)
        race.device_batch()
        race.call(2, Lane.LIVE, A_CALL)

        for _ in range(len(BUCKETS) + 1):
            race.device_batch()

        assert [call.rank for call, _ in race.delays] == [2]
