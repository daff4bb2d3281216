"""The client against a server on loopback that behaves well, badly and deceitfully."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final

import pytest

from core.errors import (
    AddressForbidden,
    RemoteDisconnected,
    RemoteFailure,
    RemoteMalformed,
    RemoteNameUnknown,
    RemoteRefused,
    RemoteTimeout,
    RemoteTlsFailed,
    ResponseTooLarge,
)
from core.outbound.addresses import Address, AddressRules
from core.outbound.client import Answer, OutboundClient, Request
from core.outbound.connection import Deadline
from core.outbound.resolving import resolve
from tests import receiver as behaviours
from tests.receiver import NAME, Receiver

HERE: Final = AddressRules(hosts=(NAME, "localhost"), networks=(ip_network("127.0.0.1/32"),))
SHORT_S: Final = 0.3
LONG_S: Final = 30.0
LIMIT: Final = 100_000


class Names:
    """A resolver whose answers are given in turn, the last one for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[Address]:
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [ip_address(address) for address in answer]


@pytest.fixture
def client(ca_file: Path) -> OutboundClient:
    return OutboundClient(HERE, ca_file=ca_file, resolver=Names(["127.0.0.1"]))


def post(client: OutboundClient, url: str, *, seconds: float = LONG_S) -> Answer:
    request = Request("POST", url, {"Content-Type": "text/plain"}, b"hello")
    return client.send(request, seconds=seconds, body_limit=LIMIT)


def failure(client: OutboundClient, url: str, *, seconds: float = LONG_S) -> RemoteFailure:
    with pytest.raises(RemoteFailure) as caught:
        post(client, url, seconds=seconds)
    return caught.value


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def mute() -> Iterator[int]:
    """Takes connections and says nothing, not even in TLS."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


class TestRequest:
    def test_arrives_as_it_was_given(self, client: OutboundClient, receiver: Receiver) -> None:
        post(client, receiver.url("/a?b=c", host=NAME))

        (request,) = receiver.requests
        assert (request.method, request.path, request.body) == ("POST", "/a?b=c", b"hello")
        assert request.headers["content-length"] == "5"
        assert request.headers["user-agent"].startswith("Callscribe/")

    def test_names_the_host_of_the_url_and_not_the_address(
        self, client: OutboundClient, receiver: Receiver
    ) -> None:
        post(client, receiver.url(host=NAME))

        (request,) = receiver.requests
        assert (request.sni, request.headers["host"]) == (NAME, f"{NAME}:{receiver.port}")

    def test_brackets_an_address_in_its_host_header(self, receiver: Receiver, ca_file: Path) -> None:
        rules = AddressRules(hosts=("::1",))
        client = OutboundClient(rules, ca_file=ca_file, resolver=Names(["127.0.0.1"]))

        post(client, receiver.url(host="[::1]"))

        assert receiver.requests[0].headers["host"] == f"[::1]:{receiver.port}"

    def test_can_go_to_an_address(self, client: OutboundClient, receiver: Receiver) -> None:
        assert post(client, receiver.url()).address == "127.0.0.1"

    def test_brings_back_the_whole_answer(self, client: OutboundClient, receiver: Receiver) -> None:
        receiver.behaviour = behaviours.status(503, b"not now", Retry_After="7")

        answer = post(client, receiver.url())

        assert (answer.status, answer.body, answer.headers["retry-after"]) == (503, b"not now", "7")

    @pytest.mark.parametrize("code", [301, 302, 307, 308])
    def test_follows_no_redirect(self, client: OutboundClient, receiver: Receiver, code: int) -> None:
        receiver.behaviour = behaviours.status(code, Location=receiver.url("/elsewhere"))

        answer = post(client, receiver.url())

        assert (answer.status, len(receiver.requests)) == (code, 1)

    def test_asks_no_proxy(
        self, client: OutboundClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")

        assert post(client, receiver.url()).status == 204

    def test_has_a_connection_of_its_own(self, client: OutboundClient, receiver: Receiver) -> None:
        post(client, receiver.url())
        post(client, receiver.url())

        assert receiver.connections == 2

    def test_can_be_read_as_it_comes(self, client: OutboundClient, receiver: Receiver) -> None:
        receiver.behaviour = behaviours.endless

        with client.open(Request("GET", receiver.url(), {}), deadline=Deadline(LONG_S)) as incoming:
            first = next(incoming.pieces)

        assert (incoming.status, first[:1]) == (200, b"x")


class TestStep:
    def test_of_one_step_ends_a_silence_long_before_all_of_it(
        self, client: OutboundClient, receiver: Receiver
    ) -> None:
        receiver.behaviour = behaviours.hang
        deadline = Deadline(LONG_S, longest_step=SHORT_S)

        with pytest.raises(RemoteTimeout), client.open(Request("GET", receiver.url(), {}), deadline=deadline):
            pass

        assert deadline.left() == SHORT_S

    def test_tells_of_each_step_also_while_a_head_drips(
        self, client: OutboundClient, receiver: Receiver
    ) -> None:
        receiver.behaviour = behaviours.drip_head
        steps: list[int] = []
        deadline = Deadline(SHORT_S, on_step=lambda: steps.append(1))

        with pytest.raises(RemoteTimeout), client.open(Request("GET", receiver.url(), {}), deadline=deadline):
            pass

        assert len(steps) > 5


class TestAddresses:
    @pytest.mark.parametrize("host", ["localhost", "0x7f000001", "2130706433", "127.1"])
    def test_of_this_machine_are_refused_before_anything_is_sent(
        self, receiver: Receiver, ca_file: Path, host: str
    ) -> None:
        client = OutboundClient(AddressRules(), ca_file=ca_file, resolver=resolve)

        with pytest.raises(AddressForbidden):
            post(client, receiver.url(host=host))

        assert receiver.connections == 0

    def test_behind_a_name_are_refused_if_one_is_bad(self, receiver: Receiver, ca_file: Path) -> None:
        names = Names(["127.0.0.1", "10.0.0.1"])
        client = OutboundClient(AddressRules(networks=HERE.networks), ca_file=ca_file, resolver=names)

        with pytest.raises(AddressForbidden) as caught:
            post(client, "https://innocent.example:8443/")

        assert (names.asked, caught.value.address) == (["innocent.example"], "127.0.0.1")

    def test_are_resolved_once_and_that_one_is_connected_to(self, receiver: Receiver, ca_file: Path) -> None:
        """DNS rebinding: the second answer is never asked for."""
        names = Names(["127.0.0.1"], ["10.0.0.1"])
        rules = AddressRules(hosts=(NAME,))

        answer = post(OutboundClient(rules, ca_file=ca_file, resolver=names), receiver.url(host=NAME))

        assert (answer.address, names.asked) == ("127.0.0.1", [NAME])

    def test_are_checked_anew_for_each_request(self, receiver: Receiver, ca_file: Path) -> None:
        """DNS rebinding between two requests: nothing is kept open that was good once."""
        names = Names(["127.0.0.1"], ["127.0.0.2"])
        client = OutboundClient(AddressRules(networks=HERE.networks), ca_file=ca_file, resolver=names)
        refused = failure(client, "https://rebinding.example:8443/")

        with pytest.raises(AddressForbidden) as caught:
            post(client, "https://rebinding.example:8443/")

        assert isinstance(refused, RemoteRefused)
        assert caught.value.address == "127.0.0.2"

    def test_that_take_no_connection_leave_it_to_the_next(self, receiver: Receiver, ca_file: Path) -> None:
        client = OutboundClient(HERE, ca_file=ca_file, resolver=Names(["::1", "127.0.0.1"]))

        assert post(client, receiver.url(host=NAME)).address == "127.0.0.1"

    @pytest.mark.parametrize("url", ["http://innocent.example/", "https://innocent.example:6379/"])
    def test_are_not_even_looked_up_for_other_schemes_and_ports(self, ca_file: Path, url: str) -> None:
        names = Names(["8.8.8.8"])

        with pytest.raises(AddressForbidden):
            post(OutboundClient(AddressRules(), ca_file=ca_file, resolver=names), url)

        assert names.asked == []


class TestFailures:
    def test_a_name_that_leads_nowhere(self, ca_file: Path) -> None:
        def unknown(host: str, port: int) -> Sequence[Address]:
            raise RemoteNameUnknown

        client = OutboundClient(HERE, ca_file=ca_file, resolver=unknown)

        assert isinstance(failure(client, f"https://{NAME}/"), RemoteNameUnknown)

    def test_a_name_without_addresses(self, ca_file: Path) -> None:
        client = OutboundClient(HERE, ca_file=ca_file, resolver=Names([]))

        assert isinstance(failure(client, f"https://{NAME}/"), RemoteNameUnknown)

    def test_a_closed_port(self, client: OutboundClient, closed_port: int) -> None:
        error = failure(client, f"https://127.0.0.1:{closed_port}/")

        assert isinstance(error, RemoteRefused)
        assert error.address == "127.0.0.1"

    def test_a_certificate_of_nobody(self, receiver: Receiver) -> None:
        client = OutboundClient(HERE, resolver=Names(["127.0.0.1"]))

        assert isinstance(failure(client, receiver.url(host=NAME)), RemoteTlsFailed)

    def test_a_certificate_of_somebody_else(self, receiver: Receiver, ca_file: Path) -> None:
        rules = AddressRules(hosts=("another.test",))
        client = OutboundClient(rules, ca_file=ca_file, resolver=Names(["127.0.0.1"]))

        assert isinstance(failure(client, receiver.url(host="another.test")), RemoteTlsFailed)
        assert receiver.requests == []

    def test_a_server_without_tls(self, client: OutboundClient) -> None:
        with Receiver() as plain:
            error = failure(client, plain.url().replace("http:", "https:"))

        assert isinstance(error, RemoteTlsFailed)

    @pytest.mark.parametrize(
        ("behaviour", "kind", "status"),
        [
            (behaviours.reset, RemoteDisconnected, None),
            (behaviours.raw(b""), RemoteDisconnected, None),
            (behaviours.raw(b"220 mail.example ESMTP\r\n\r\n"), RemoteMalformed, None),
            (behaviours.raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000), RemoteMalformed, None),
            (behaviours.shorter_than_promised, RemoteDisconnected, 200),
            (behaviours.endless, ResponseTooLarge, 200),
            (behaviours.status(200, b"x" * (LIMIT + 1)), ResponseTooLarge, 200),
        ],
        ids=["reset", "nothing", "no HTTP", "endless head", "short body", "endless body", "long body"],
    )
    def test_a_bad_answer(
        self,
        client: OutboundClient,
        receiver: Receiver,
        behaviour: behaviours.Behaviour,
        kind: type[RemoteFailure],
        status: int | None,
    ) -> None:
        receiver.behaviour = behaviour

        error = failure(client, receiver.url())

        assert (type(error), error.status, error.address) == (kind, status, "127.0.0.1")

    def test_a_body_that_ends_with_its_connection_is_whole(
        self, client: OutboundClient, receiver: Receiver
    ) -> None:
        """And with no farewell of TLS, as simple servers do it."""
        receiver.behaviour = behaviours.raw(b"HTTP/1.0 200 OK\r\n\r\nthanks")

        assert post(client, receiver.url()).body == b"thanks"

    def test_a_body_is_not_unpacked(self, client: OutboundClient, receiver: Receiver) -> None:
        receiver.behaviour = behaviours.status(200, b"\x1f\x8b bomb", Content_Encoding="gzip")

        assert post(client, receiver.url()).body == b"\x1f\x8b bomb"


class TestDeadline:
    @pytest.mark.parametrize(
        "behaviour", [behaviours.hang, behaviours.drip, behaviours.drip_head], ids=["silent", "body", "head"]
    )
    def test_no_answer_outlives_it(
        self, client: OutboundClient, receiver: Receiver, behaviour: behaviours.Behaviour
    ) -> None:
        receiver.behaviour = behaviour

        assert isinstance(failure(client, receiver.url(), seconds=SHORT_S), RemoteTimeout)

    def test_no_handshake_outlives_it(self, client: OutboundClient, mute: int) -> None:
        assert isinstance(failure(client, f"https://127.0.0.1:{mute}/", seconds=SHORT_S), RemoteTimeout)

    def test_nobody_who_does_not_read_outlives_it(self, client: OutboundClient, mute: int) -> None:
        request = Request("POST", f"http://127.0.0.1:{mute}/", {}, b"x" * 50_000_000)

        with pytest.raises(RemoteTimeout):
            client.send(request, seconds=SHORT_S, body_limit=LIMIT)

    def test_no_resolver_outlives_it(self, ca_file: Path) -> None:
        over = threading.Event()

        def slow(host: str, port: int) -> Sequence[Address]:
            over.wait(LONG_S)
            return []

        client = OutboundClient(HERE, ca_file=ca_file, resolver=slow)

        assert isinstance(failure(client, f"https://{NAME}/", seconds=SHORT_S), RemoteTimeout)
        over.set()


class TestThreads:
    def test_may_share_it(self, client: OutboundClient, receiver: Receiver) -> None:
        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(lambda _: post(client, receiver.url()).status, range(16)))

        assert answers == [204] * 16
