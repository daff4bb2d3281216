"""Every answer to a key tells how many requests it has left."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.limits.rates import Rate


class RateHeaders:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_rate(message: Message) -> None:
            rate: Rate | None = scope.get("state", {}).get("rate")
            if rate is not None and message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(rate.headers)
            await send(message)

        await self.app(scope, receive, send_with_rate)
