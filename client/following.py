"""Watching a job or a batch until it is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Protocol, TypeVar

LOOK_EVERY: Final = 1.0
"""Seconds between two looks at what goes on; its end is heard of at once."""


class Standing(Protocol):
    @property
    def is_final(self) -> bool: ...


Seen = TypeVar("Seen", bound=Standing)


def follow(look: Callable[[], Seen]) -> Iterator[Seen]:
    """What is seen each time it is looked at, the last of it final. `look` waits by itself."""
    while True:
        seen = look()
        yield seen
        if seen.is_final:
            return
