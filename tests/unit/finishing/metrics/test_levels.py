from __future__ import annotations

import pytest

from tests.unit.finishing.metrics.conversations import MINUTE, spans
from workers.finishing.metrics.call import Call, Voice
from workers.finishing.metrics.levels import pooled_level
from workers.finishing.metrics.measuring import measure


class TestPooledLevel:
    def test_of_one_channel_is_its_own(self) -> None:
        assert pooled_level([(4_000, -23.44)]) == -23.4

    def test_is_the_mean_power_by_talk(self) -> None:
        # Ten times the power for a third of the talk: 4 times the fainter one's at the mean.
        assert pooled_level([(1_000, -20.0), (2_000, -30.0)]) == pytest.approx(-24.0, abs=0.05)

    def test_is_of_those_that_have_one(self) -> None:
        assert pooled_level([(1_000, None), (2_000, -30.0), (0, -3.0)]) == -30.0

    def test_is_not_known_where_nobody_has_one(self) -> None:
        assert pooled_level([(1_000, None), (0, -30.0)]) is None
        assert pooled_level([]) is None


def test_parties_are_as_loud_as_their_channels() -> None:
    voices = [
        Voice(0, "agent", spans([(0, 9_000)]), level_dbfs=-20.0),
        Voice(1, "agent", spans([(9_000, 10_000)])),
        Voice(2, "customer", spans([(10_000, 12_000)]), level_dbfs=-41.0),
    ]

    metrics = measure(Call(MINUTE, voices))

    assert [each["level_dbfs"] for each in metrics["channels"]] == [-20.0, None, -41.0]
    assert [each["level_dbfs"] for each in metrics["roles"] or ()] == [-20.0, -41.0]
