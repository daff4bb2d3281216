"""The resolver of this machine."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from core.errors import RemoteNameUnknown
from core.outbound.resolving import resolve


class TestResolver:
    def test_of_this_machine_knows_addresses_in_every_form(self) -> None:
        assert resolve("0x7f000001", 443) == [ip_address("127.0.0.1")]

    @pytest.mark.parametrize("host", ["a..b", "x" * 300])
    def test_of_this_machine_names_what_it_does_not_know(self, host: str) -> None:
        with pytest.raises(RemoteNameUnknown):
            resolve(host, 443)
