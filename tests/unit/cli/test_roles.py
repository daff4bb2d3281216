from __future__ import annotations

import pytest

from cli.roles import read_roles
from core.errors import InvalidRequest


class TestRoles:
    @pytest.mark.parametrize(
        ("text", "roles"),
        [
            ("agent,customer", "agent,customer"),
            ("agent", "agent"),
            ("left=agent,right=customer", {"0": "agent", "1": "customer"}),
            ("right=customer", {"1": "customer"}),
            (" 1 = customer ", {"1": "customer"}),
            ('{"1": "customer"}', {"1": "customer"}),
        ],
    )
    def test_are_given_in_order_or_by_channel(self, text: str, roles: object) -> None:
        assert read_roles(text) == roles

    @pytest.mark.parametrize(
        "text", ["middle=agent", "left=agent,0=customer", "left=agent,customer", "{1}", "{"]
    )
    def test_that_say_nothing_clear_are_refused(self, text: str) -> None:
        with pytest.raises(InvalidRequest):
            read_roles(text)
