"""Where Postgres is: its URL read alike for pool, listener and migrations, and how safe the way there is."""

from __future__ import annotations

import logging
from ipaddress import ip_address
from typing import Any, Final

from psycopg.pq import Conninfo
from pydantic import SecretStr
from sqlalchemy import URL, make_url

logger = logging.getLogger(__name__)

SAFE: Final = "verify-full"
"""The server's certificate is from an authority that was named, and for the host that was asked."""
GIVEN_UP: Final = "disable"
"""Whoever writes that has decided: a network of containers on one machine, a tunnel."""


def _read(database_url: SecretStr) -> URL:
    return make_url(database_url.get_secret_value()).set(drivername="postgresql+psycopg")


def driver_url(database_url: SecretStr) -> str:
    """The same address for SQLAlchemy with psycopg 3."""
    return _read(database_url).render_as_string(hide_password=False)


def parameters_of(database_url: SecretStr) -> dict[str, Any]:
    """The same for psycopg itself, with all that stands after the question mark."""
    url = _read(database_url)
    _, parameters = url.get_dialect()().create_connect_args(url)
    return dict(parameters)


def with_options(url: str | SecretStr, ours: str) -> str:
    """The server's options of a session: ours, then those of the URL, which have the last word."""
    address = url if isinstance(url, SecretStr) else SecretStr(url)
    return f"{ours} {parameters_of(address).get('options', '')}".strip()


def reason_of(error: BaseException) -> str:
    """What libpq says, on one line: it names host and user, and never the password."""
    return " ".join(str(error).split())


def warn_unless_verified(database_url: SecretStr) -> None:
    """Once at the start of a process, after its logging is set up."""
    mode = _mode(database_url)
    hosts = [host for host in _hosts(database_url) if not _is_here(host)]
    if hosts and mode not in (SAFE, GIVEN_UP):
        logger.warning(
            "whoever is between here and the database could read along: set sslmode=verify-full",
            extra={"sslmode": mode, "hosts": hosts},
        )


def _mode(database_url: SecretStr) -> str:
    """As libpq decides it; what the URL leaves open may be in its own variables (PGSSLMODE)."""
    if _value(database_url, "sslrootcert") == "system":
        return SAFE
    return _value(database_url, "sslmode")


def _hosts(database_url: SecretStr) -> list[str]:
    return (_value(database_url, "hostaddr") or _value(database_url, "host")).split(",")


def _value(database_url: SecretStr, name: str) -> str:
    defaults = {option.keyword.decode(): option.val or option.compiled for option in Conninfo.get_defaults()}
    default = defaults.get(name) or b""
    return str(parameters_of(database_url).get(name) or default.decode())


def _is_here(host: str) -> bool:
    """A socket of this machine, or its loopback."""
    if host in ("", "localhost") or host.startswith(("/", "@")):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
