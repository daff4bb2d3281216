from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from chaos.proxy import LOOPBACK, FaultProxy

SHORT_S = 0.3
"""How long nothing has to come for it to count as nothing."""


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        connection: socket.socket = self.request
        with suppress(ConnectionError):
            while piece := connection.recv(1024):
                connection.sendall(piece)


class EchoServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False


@pytest.fixture(scope="module")
def upstream() -> Iterator[int]:
    with EchoServer((LOOPBACK, 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def proxy(upstream: int) -> Iterator[FaultProxy]:
    with FaultProxy(upstream) as proxy:
        yield proxy


def connect(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection((LOOPBACK, proxy.port), timeout=10)


def echoed(connection: socket.socket, word: bytes) -> bytes:
    """What came back within a moment; nothing at all if the other end is silent."""
    connection.sendall(word)
    return connection.recv(1024)


def is_silent(connection: socket.socket) -> bool:
    connection.settimeout(SHORT_S)
    connection.sendall(b"is anybody there")
    try:
        connection.recv(1024)
    except TimeoutError:
        return True
    return False


class TestFaultProxy:
    def test_passes_everything_on(self, proxy: FaultProxy) -> None:
        with connect(proxy) as connection:
            assert echoed(connection, b"hello") == b"hello"

    def test_passes_the_end_on(self, proxy: FaultProxy) -> None:
        with connect(proxy) as connection:
            connection.shutdown(socket.SHUT_WR)

            assert connection.recv(1024) == b""

    def test_cuts_what_is_connected(self, proxy: FaultProxy) -> None:
        with connect(proxy) as connection:
            echoed(connection, b"hello")

            assert proxy.cut() == 1

            with pytest.raises(ConnectionError):
                connection.recv(1024)

    def test_swallows_on_present_connections_only(self, proxy: FaultProxy) -> None:
        with connect(proxy) as present, connect(proxy) as other:
            echoed(present, b"hello")
            echoed(other, b"hello")

            proxy.swallow()

            assert is_silent(present)
            with connect(proxy) as fresh:
                assert echoed(fresh, b"hello") == b"hello"

    def test_swallows_new_connections_until_healed(self, proxy: FaultProxy) -> None:
        proxy.swallow(new_ones=True)
        with connect(proxy) as connection:
            assert is_silent(connection)

            proxy.heal()

            assert is_silent(connection)
            with connect(proxy) as fresh:
                assert echoed(fresh, b"hello") == b"hello"

    def test_refuses_new_connections_until_healed(self, proxy: FaultProxy) -> None:
        with connect(proxy) as present:
            echoed(present, b"hello")
            proxy.refuse()

            with pytest.raises(ConnectionError), connect(proxy) as refused:
                echoed(refused, b"hello")

            assert echoed(present, b"again") == b"again"
            proxy.heal()
            with connect(proxy) as fresh:
                assert echoed(fresh, b"hello") == b"hello"

    def test_holds_back_what_is_sent(self, proxy: FaultProxy) -> None:
        with connect(proxy) as connection:
            proxy.slow(5 * SHORT_S)

            assert is_silent(connection)

    def test_resets_a_client_whose_server_is_away(self) -> None:
        with socket.create_server((LOOPBACK, 0)) as gone:
            port = gone.getsockname()[1]

        with FaultProxy(port) as proxy, pytest.raises(ConnectionError), connect(proxy) as connection:
            echoed(connection, b"hello")
