"""Which addresses such a request may go to: public ones, and those that the operator allows."""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

from core.errors import AddressForbidden
from core.settings import OutboundSettings

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

HTTPS_PORTS: Final = frozenset({443, 8443})

# `is_global` of the standard library is not enough: it takes multicast, NAT64, 6to4 and others for public.
_NOT_PUBLIC_4: Final = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
_PUBLIC_6: Final = ip_network("2000::/3")
"""All that is given out; NAT64, `::/96`, unique local, link-local and multicast lie outside."""
_NOT_PUBLIC_6: Final = tuple(map(ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
"""Teredo and its neighbours, documentation, 6to4: other addresses can hide in them."""

_HOST: Final = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.?")


def is_public(address: Address) -> bool:
    """Whether anybody on the internet could be there, and nobody else."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    return address in _PUBLIC_6 and not any(address in network for network in _NOT_PUBLIC_6)


def address_in(host: str) -> Address | None:
    """The address that a host is, in any form that resolvers take for one; None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        # 2130706433, 0x7f.1 and 0 are addresses to inet_aton, and so to getaddrinfo.
        return IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class AddressRules:
    """Where requests may go. Who checks a URL and who connects ask the same rules."""

    hosts: tuple[str, ...] = ()
    """Names that may be anywhere, on any port and without TLS: `hooks.corp.example`, `.corp.example`."""
    networks: tuple[Network, ...] = ()
    """Addresses that may be reached although they are not public."""
    forbidden: tuple[Network, ...] = ()
    """Addresses that may not be reached although they are public."""

    @classmethod
    def of(cls, settings: OutboundSettings) -> AddressRules:
        return cls(
            hosts=tuple(host.lower().rstrip(".") for host in settings.allowed_hosts),
            networks=settings.allowed_networks,
            forbidden=settings.forbidden_networks,
        )

    def check_place(self, scheme: str, host: str, port: int) -> None:
        """What can be told without asking a resolver; raises `AddressForbidden`."""
        literal = address_in(host)
        if literal is None and not _HOST.fullmatch(host):
            raise AddressForbidden("The URL's host is neither a name nor an address.")
        if literal is not None:
            self.check_addresses(host, [literal])
        if self._is_trusted(host, literal):
            return
        if scheme != "https":
            raise AddressForbidden("Only https is allowed to this host.")
        if port not in HTTPS_PORTS:
            raise AddressForbidden("Only the ports 443 and 8443 are allowed to this host.")

    def check_addresses(self, host: str, addresses: Sequence[Address]) -> None:
        """All that a name stands for: one bad address among good ones is enough to refuse."""
        if self._is_named(host):
            return
        if not all(self._may_be_reached(address) for address in addresses):
            raise AddressForbidden(f"{host} is not at a public address.")

    def _is_trusted(self, host: str, literal: Address | None) -> bool:
        return self._is_named(host) or (literal is not None and _lies_in(literal, self.networks))

    def _is_named(self, host: str) -> bool:
        name = host.rstrip(".")
        return any(
            name == allowed or (allowed.startswith(".") and name.endswith(allowed)) for allowed in self.hosts
        )

    def _may_be_reached(self, address: Address) -> bool:
        if _lies_in(address, self.forbidden):
            return False
        return is_public(address) or _lies_in(address, self.networks)


def _lies_in(address: Address, networks: Sequence[Network]) -> bool:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return any(address in network or (mapped is not None and mapped in network) for network in networks)
