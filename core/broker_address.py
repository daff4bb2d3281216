"""Where the broker is: what the settings say of it, checked, in the form that Celery takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

from redis.credentials import CredentialProvider

from core.errors import BrokerRefused
from core.settings import BrokerAccess, BrokerOptions

PLAIN: Final = "redis"
OVER_TLS: Final = "rediss"
BY_SENTINELS: Final = "sentinel"
SCHEMES: Final = (PLAIN, OVER_TLS, BY_SENTINELS)

NO_CLUSTER: Final = (
    "Redis Cluster cannot be the broker: it spreads keys over nodes, and Celery's commands take several"
    " keys at once. Use one server, or Sentinel."
)

SENTINEL_OPTIONS: Final[dict[str, object]] = {
    # One of several is asked, and the next if it is silent. Every connection begins with that, so that a dead
    # one must not cost much: by default it is tried four times, with pauses, and waited for without end.
    "retry": None,
    "socket_timeout": 2,
    "socket_connect_timeout": 2,
}


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    url: str = field(repr=False)
    """With the password, as Celery wants it; never to be logged."""
    transport_options: dict[str, object]
    tls: dict[str, object] | None


class SentinelAccount(CredentialProvider):
    """A password among the options would be told to whoever asks a worker for its statistics."""

    def __init__(self, options: BrokerOptions) -> None:
        self._username = options.sentinel_username
        self._password = options.sentinel_password

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        password = self._password.get_secret_value() if self._password else ""
        return (self._username, password) if self._username else (password,)

    def __json__(self) -> str:
        return "********"


def address_of(access: BrokerAccess) -> BrokerAddress:
    """Raises `BrokerRefused`, whose message repeats nothing of the URL."""
    servers = [_server(url) for url in access.broker_url.get_secret_value().split(";")]
    scheme = _scheme_of(servers)
    _refuse_what_does_not_apply(scheme, access.broker)
    if scheme == BY_SENTINELS:
        return BrokerAddress(_alike(servers), _of_sentinels(access.broker), tls=None)
    if len(servers) > 1:
        raise BrokerRefused("Only sentinel:// takes several addresses.")
    return BrokerAddress(servers[0].geturl(), {}, tls=_tls(access.broker) if scheme == OVER_TLS else None)


def _server(url: str) -> SplitResult:
    if "cluster" in url.partition("://")[0]:
        raise BrokerRefused(NO_CLUSTER)
    try:
        server = urlsplit(url.strip())
        complete = bool(server.hostname) and server.port != 0
    except ValueError:
        # It would quote what it could not read, which may be a password.
        complete = False
    if not complete or not _is_number(server.path.strip("/") or "0"):
        raise BrokerRefused(
            "The broker's URL is not of the form scheme://user:password@host:port/number; special"
            " characters of a password are percent-encoded."
        )
    if server.query or server.fragment:
        raise BrokerRefused("Options of the broker go into CALLSCRIBE_BROKER__*, not into its URL.")
    return server


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _scheme_of(servers: Sequence[SplitResult]) -> str:
    scheme = servers[0].scheme
    if scheme not in SCHEMES or any(server.scheme != scheme for server in servers):
        raise BrokerRefused("The broker's URL begins with redis://, rediss:// or sentinel://.")
    return scheme


def _refuse_what_does_not_apply(scheme: str, options: BrokerOptions) -> None:
    """A certificate that nobody looks at would be a false comfort."""
    if scheme != OVER_TLS and (options.ca_file or options.certificate_file or options.key_file):
        raise BrokerRefused("Certificates are for rediss:// only.")
    if bool(options.certificate_file) != bool(options.key_file):
        raise BrokerRefused("A certificate and its key come together.")
    if scheme != BY_SENTINELS and options.master_name:
        raise BrokerRefused("The name of a master is for sentinel:// only.")
    if scheme == BY_SENTINELS and not options.master_name:
        raise BrokerRefused("CALLSCRIBE_BROKER__MASTER_NAME is missing: sentinels are asked by it.")


def _alike(sentinels: Sequence[SplitResult]) -> str:
    """Whichever of them Celery tries: user, password and number are those of the servers behind."""
    account = _account(sentinels[0])
    if any(_account(each) not in {"", account} for each in sentinels):
        raise BrokerRefused("User and password are given once, with the first sentinel; all are alike.")
    path = next((each.path for each in sentinels if each.path.strip("/")), "")
    return ";".join(
        urlunsplit((each.scheme, f"{account}{each.netloc.rpartition('@')[2]}", path, "", ""))
        for each in sentinels
    )


def _account(server: SplitResult) -> str:
    account, at, _ = server.netloc.rpartition("@")
    return f"{account}{at}"


def _of_sentinels(options: BrokerOptions) -> dict[str, object]:
    account = {"credential_provider": SentinelAccount(options)} if options.sentinel_password else {}
    return {"master_name": options.master_name, "sentinel_kwargs": {**SENTINEL_OPTIONS, **account}}


def _tls(options: BrokerOptions) -> dict[str, object]:
    """Celery's default verifies nothing."""
    files = {
        "ssl_ca_certs": options.ca_file,
        "ssl_certfile": options.certificate_file,
        "ssl_keyfile": options.key_file,
    }
    chosen = {name: str(path) for name, path in files.items() if path is not None}
    return {"ssl_cert_reqs": "required", "ssl_check_hostname": True, **chosen}
