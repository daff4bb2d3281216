"""A URL that a caller gave, taken apart once: what is checked is what is connected to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import httpcore
import httpx

from core.errors import InvalidRequest

LONGEST_URL: Final = 2_048
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    scheme: str
    host: str
    """A name in lower case, IDNA-encoded, or an address without brackets."""
    port: int
    path: bytes
    """With its query."""
    authority: str
    """As it stands in the Host header."""

    @classmethod
    def of(cls, url: str) -> Self:
        """Raises `InvalidRequest` for what is no http or https URL, or carries a password."""
        parsed = _parsed(url)
        if parsed.scheme not in _PORTS or not parsed.raw_host:
            raise InvalidRequest("The URL must begin with https:// and name a host.")
        if parsed.userinfo or parsed.fragment:
            raise InvalidRequest("The URL must have no user, password or fragment.")
        port = _PORTS[parsed.scheme] if parsed.port is None else parsed.port
        if not 0 < port < 65_536:
            raise InvalidRequest("The URL's port is none.")
        return cls(
            scheme=parsed.scheme,
            host=parsed.raw_host.decode("ascii").lower(),
            port=port,
            path=parsed.raw_path,
            authority=parsed.netloc.decode("ascii"),
        )

    @property
    def origin(self) -> str:
        """`https://host:port`; alike for every way to write it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def url(self) -> httpcore.URL:
        return httpcore.URL(
            scheme=self.scheme.encode(), host=self.host.encode(), port=self.port, target=self.path
        )


def _parsed(url: str) -> httpx.URL:
    if len(url) > LONGEST_URL:
        raise InvalidRequest(f"A URL may have {LONGEST_URL} characters.")
    try:
        return httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise InvalidRequest("The URL cannot be read.") from error
