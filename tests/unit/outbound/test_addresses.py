from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from core.errors import AddressForbidden
from core.outbound.addresses import AddressRules, address_in, is_public
from core.settings import OutboundSettings

NOT_PUBLIC = """
    0.0.0.0 0.1.2.3 10.1.2.3 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255
    192.0.0.8 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9
    224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
    :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1 64:ff9b:1::7f00:1 100::1
    2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:db8::1 2002:7f00:1:: 2002:a9fe:a9fe::1 3fff::1 5f00::1
    fc00::1 fd00:ec2::254 fe80::1 fec0::1 ff02::1 ff0e::1
""".split()
PUBLIC = "1.1.1.1 8.8.8.8 172.15.0.1 172.32.0.1 192.0.1.1 2606:4700::1111 2a00:1450::1 ::ffff:8.8.8.8".split()
WRITTEN_OTHERWISE = "2130706433 0x7f000001 0x7f.1 0177.0.0.1 127.1 0 0.0.0.0 ::ffff:7f00:1".split()

OPEN = AddressRules()


def refuses(rules: AddressRules, scheme: str, host: str, port: int) -> bool:
    try:
        rules.check_place(scheme, host, port)
    except AddressForbidden:
        return True
    return False


class TestPublic:
    @pytest.mark.parametrize("address", NOT_PUBLIC)
    def test_is_none_of_the_addresses_with_a_special_meaning(self, address: str) -> None:
        assert not is_public(ip_address(address))

    @pytest.mark.parametrize("address", PUBLIC)
    def test_is_what_is_given_out_to_anybody(self, address: str) -> None:
        assert is_public(ip_address(address))


class TestPlaces:
    @pytest.mark.parametrize("host", [*NOT_PUBLIC, *WRITTEN_OTHERWISE])
    def test_an_address_is_judged_however_it_is_written(self, host: str) -> None:
        assert refuses(OPEN, "https", host, 443)

    @pytest.mark.parametrize("host", ["exa%20mple.com", "fe80::1%25eth0", "a b", "-", ".", "a..b/", "a\x00"])
    def test_what_is_neither_a_name_nor_an_address_is_refused(self, host: str) -> None:
        assert refuses(OPEN, "https", host, 443)

    @pytest.mark.parametrize(("port", "refused"), [(443, False), (8443, False), (80, True), (6379, True)])
    def test_only_ports_of_https_are_open(self, port: int, refused: bool) -> None:
        assert refuses(OPEN, "https", "hooks.example", port) is refused

    def test_without_tls_nothing_is_open(self) -> None:
        assert refuses(OPEN, "http", "hooks.example", 443)

    @pytest.mark.parametrize("host", ["hooks.corp", "hooks.corp.", "a.b.corp", "10.20.3.4"])
    def test_what_the_operator_trusts_may_be_without_tls_and_on_any_port(self, host: str) -> None:
        rules = AddressRules(hosts=("hooks.corp", ".b.corp"), networks=(ip_network("10.20.0.0/16"),))

        assert not refuses(rules, "http", host, 8080)

    @pytest.mark.parametrize("host", ["xhooks.corp", "hooks.corp.evil", "b.corp", "xb.corp", "10.21.0.1"])
    def test_its_neighbours_may_not(self, host: str) -> None:
        rules = AddressRules(hosts=("hooks.corp", ".b.corp"), networks=(ip_network("10.20.0.0/16"),))

        assert refuses(rules, "http", host, 8080)


class TestAddressesOfAName:
    def test_one_bad_one_among_good_ones_is_enough(self) -> None:
        with pytest.raises(AddressForbidden):
            OPEN.check_addresses("hooks.example", [ip_address("8.8.8.8"), ip_address("10.0.0.1")])

    def test_may_all_be_public(self) -> None:
        OPEN.check_addresses("hooks.example", [ip_address("8.8.8.8"), ip_address("2a00:1450::1")])

    def test_may_lie_in_a_network_that_is_allowed(self) -> None:
        rules = AddressRules(networks=(ip_network("10.20.0.0/16"),))

        rules.check_addresses("hooks.example", [ip_address("10.20.1.1"), ip_address("::ffff:10.20.1.1")])

    def test_of_a_trusted_name_are_not_looked_at(self) -> None:
        AddressRules(hosts=("hooks.corp",)).check_addresses("hooks.corp", [ip_address("127.0.0.1")])

    @pytest.mark.parametrize("address", ["8.8.8.8", "::ffff:8.8.8.8"])
    def test_may_be_public_and_forbidden(self, address: str) -> None:
        rules = AddressRules(forbidden=(ip_network("8.8.0.0/16"),))

        with pytest.raises(AddressForbidden):
            rules.check_addresses("hooks.example", [ip_address(address)])


class TestSettings:
    def test_names_are_compared_without_case_or_final_dot(self) -> None:
        rules = AddressRules.of(OutboundSettings(allowed_hosts=("Hooks.Corp.",)))

        assert not refuses(rules, "http", "hooks.corp", 80)

    def test_a_network_of_addresses_is_read(self) -> None:
        settings = OutboundSettings.model_validate({"allowed_networks": ["10.0.0.0/8", "fd00::/8"]})

        assert not refuses(AddressRules.of(settings), "http", "fd00::1", 80)


class TestAddressIn:
    def test_a_name_is_none(self) -> None:
        assert address_in("hooks.example") is None
