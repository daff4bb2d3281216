"""The socket that the API listens on."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from api.server import _listener
from core.errors import ServiceNotStarted


class TestListener:
    def test_connections_send_what_they_have_at_once(self) -> None:
        with (
            closing(_listener("127.0.0.1", 0)) as listener,
            closing(socket.create_connection(listener.getsockname())),
            closing(listener.accept()[0]) as connection,
        ):
            delays_nothing = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

        assert delays_nothing

    def test_an_address_in_use_is_named(self) -> None:
        with closing(_listener("127.0.0.1", 0)) as listener, pytest.raises(ServiceNotStarted) as refused:
            _listener("127.0.0.1", listener.getsockname()[1])

        assert "Address already in use" in str(refused.value)
