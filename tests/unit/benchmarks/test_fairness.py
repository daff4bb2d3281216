from __future__ import annotations

from benchmarks.fairness import MARKS, OWNERS, figures_of
from benchmarks.race import Call
from models import Lane


def calls(rank: int, *delays: int, lane: Lane = Lane.BULK) -> list[tuple[Call, int]]:
    return [(Call(rank, lane, begun_before=0), delay) for delay in delays]


BULK = [
    delayed
    for rank, delay in ((2, 4), (4, 8), (8, 8), (16, 8), (OWNERS, 6))
    for delayed in calls(rank, delay, delay)
]


class TestFigures:
    def test_tell_live_calls_from_bulk_ones_and_owners_by_their_size(self) -> None:
        figures = figures_of([*BULK, *calls(2, 1, 2, 3, lane=Lane.LIVE)], unheard=5)

        assert (figures["calls_heard"], figures["calls_unheard"]) == (13, 5)
        assert (figures["live_delay_calls"], figures["live_delay_max"]) == (3, 3)
        assert (figures["bulk_delay_rank_2_to_3_p50"], figures["bulk_delay_rank_32_to_50_p50"]) == (4, 6)
        assert figures["bulk_delay_small_over_big_p50"] == 1.5

    def test_miss_the_mark_when_one_live_call_waits_too_long(self) -> None:
        late = figures_of([*BULK, *calls(9, *[1] * 99, 3, lane=Lane.LIVE)], unheard=0)

        assert [mark.figure for mark in MARKS if not mark.is_met(late)] == ["live_delay_max"]
