from __future__ import annotations

import pytest

from models import Channel
from models.channel_finding import ChannelFinding
from models.channel_roles import roles_in_effect

SAME: ChannelFinding = {"code": "dual_mono", "severity": "warning", "message": "", "measures": {}}
BOTH = {"0": "agent", "1": "customer"}


def channels(count: int, *, alike: bool = False) -> list[Channel]:
    return [Channel(index=index, findings=[SAME] if alike else []) for index in range(count)]


class TestRoles:
    @pytest.mark.parametrize(
        ("given", "count", "expected"),
        [
            (BOTH, 2, {0: "agent", 1: "customer"}),
            ({"1": "customer"}, 2, {0: None, 1: "customer"}),
            ({}, 1, {0: None}),
            ({"0": "agent"}, 1, {0: "agent"}),
        ],
    )
    def test_are_those_that_the_caller_gave(
        self, given: dict[str, str], count: int, expected: dict[int, str | None]
    ) -> None:
        assert roles_in_effect(given, channels(count)) == expected

    def test_for_two_parties_say_nothing_of_an_only_channel(self) -> None:
        assert roles_in_effect(BOTH, channels(1)) == {0: None}

    def test_say_nothing_of_channels_with_one_signal(self) -> None:
        assert roles_in_effect(BOTH, channels(2, alike=True)) == {0: None, 1: None}

    def test_a_row_that_is_not_written_yet_has_no_findings(self) -> None:
        assert roles_in_effect(BOTH, [Channel(index=0), Channel(index=1)]) == {0: "agent", 1: "customer"}
