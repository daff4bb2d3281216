"""Many small requests at once, in bounded memory: what is to be done is read a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Final, TypeVar

THREADS: Final = 8
PAGE: Final = 256

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


def each(do: Callable[[Asked], Answer], things: Iterable[Asked]) -> Iterator[Answer]:
    """In order. The first error ends it, once those are done that were begun with it."""
    left = iter(things)
    with ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="backup") as pool:
        while page := list(islice(left, PAGE)):
            yield from pool.map(do, page)
