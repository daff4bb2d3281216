"""Requests a minute of each key: counted together in Redis, or by this process alone while that is away."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from pydantic import SecretStr

logger = logging.getLogger(__name__)

WINDOW_S: Final = 60
ANSWER_WITHIN_S: Final = 0.25
"""Redis is asked before each request: one that hangs must not keep them waiting."""
TRY_AGAIN_S: Final = 5.0
"""How long Redis is not asked after it failed."""
PREFIX: Final = "callscribe-limits"
"""Of all keys in Redis, so that its user may be confined to them."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How a key stands after this request."""

    limit: int
    remaining: int
    reset_s: int
    """Until there is room again."""
    is_exceeded: bool
    """This one was too much."""

    @property
    def headers(self) -> dict[str, str]:
        """draft-ietf-httpapi-ratelimit-headers-10."""
        wait = {"Retry-After": str(self.reset_s)} if self.is_exceeded else {}
        return wait | {
            "RateLimit-Policy": f'"key";q={self.limit};w={WINDOW_S}',
            "RateLimit": f'"key";r={self.remaining};t={self.reset_s}',
        }


class RateLimits:
    """Thread-safe. A window slides over the minute: nobody gets twice as much around its turn."""

    def __init__(
        self, per_minute: int, url: SecretStr | None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """0 is no limit; without a URL each process counts for itself."""
        self._item = RateLimitItemPerMinute(per_minute) if per_minute else None
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared = SlidingWindowCounterRateLimiter(_redis(url)) if url else None
        self._clock = clock
        self._ask_again_at = 0.0

    def take(self, key: str) -> Rate | None:
        """Count one request; None where there is no limit."""
        if self._item is None:
            return None
        if self._shared is not None and self._clock() >= self._ask_again_at:
            try:
                return _taken(self._shared, self._item, key)
            except StorageError:
                self._ask_again_at = self._clock() + TRY_AGAIN_S
                logger.warning("Redis of the rate limits is away, counting alone")
        return _taken(self._own, self._item, key)


def _taken(limiter: SlidingWindowCounterRateLimiter, item: RateLimitItem, key: str) -> Rate:
    is_free = limiter.hit(item, key)
    ends_at, remaining = limiter.get_window_stats(item, key)
    reset_s = max(1, math.ceil(ends_at - time.time()))
    return Rate(item.amount, remaining, reset_s, is_exceeded=not is_free)


def _redis(url: SecretStr) -> RedisStorage:
    return RedisStorage(
        url.get_secret_value(),
        key_prefix=PREFIX,
        wrap_exceptions=True,
        socket_timeout=ANSWER_WITHIN_S,
        socket_connect_timeout=ANSWER_WITHIN_S,
    )
