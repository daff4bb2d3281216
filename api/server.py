"""The API process: one server, which ends its answers before it ends itself."""

from __future__ import annotations

import signal
import socket
import sys
from typing import Final

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.connection import HEAD_BYTES, ApiConfig, TimedConnection
from api.resources import Resources
from api.settings import ApiSettings
from core import logging
from core.database_address import warn_unless_verified
from core.errors import ServiceNotStarted

GRACE: Final = 25
"""Seconds that requests have to end after SIGTERM; uploads that take longer are given up."""
BACKLOG: Final = 2048


def serve(host: str | None = None, port: int | None = None, *, settings: ApiSettings | None = None) -> None:
    """Serve until SIGTERM or SIGINT. Raises `ServiceNotStarted` when the address cannot be had."""
    settings = settings or ApiSettings()
    listener = _listener(host or settings.api_host, settings.api_port if port is None else port)
    logging.configure(settings.log_level)
    warn_unless_verified(settings.database_url)
    server = server_of(create_app(settings), settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises its signal once more when all is closed: that is a good end, not a death.
        signal.signal(number, _leave)
    server.run(sockets=[listener])


def server_of(app: FastAPI, settings: ApiSettings) -> ApiServer:
    config = ApiConfig(
        app,
        http=TimedConnection,
        h11_max_incomplete_event_size=HEAD_BYTES,
        limit_concurrency=settings.api_connections,
        log_config=None,
        # request_ids.py writes a line with more in it.
        access_log=False,
        server_header=False,
        forwarded_allow_ips=[str(network) for network in settings.trusted_proxies],
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE,
    )
    config.head_seconds = settings.head_timeout.total_seconds()
    return ApiServer(config, app)


class ApiServer(uvicorn.Server):
    """Sends long polls home before it waits for requests to end."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self.app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        resources: Resources = self.app.state.resources
        resources.endings.dismiss()
        await super().shutdown(sockets)


def _leave(*_: object) -> None:
    sys.exit(0)


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ServiceNotStarted(f"Cannot listen on {host} port {port}: {error.strerror}.") from error
    # Connections inherit it. asyncio does not set it on a socket that was made without a protocol
    # number; then an answer's body waits 40 ms for the receipt of its head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
