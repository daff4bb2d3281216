"""Items in pages that one request may carry."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Final

from client import NewItem

ITEMS: Final = 1_000
"""A request may have ten times as many; smaller ones are answered sooner."""
BYTES: Final = 4 * 1024 * 1024
"""A quarter of what a request may have. One item has some 16 kB at most, of metadata."""


def pages(items: Iterable[NewItem]) -> Iterator[list[NewItem]]:
    """All of them in their order, none of the pages empty or too large."""
    page: list[NewItem] = []
    size = 0
    for item in items:
        weight = len(json.dumps(item.body()))
        if page and (len(page) == ITEMS or size + weight > BYTES):
            yield page
            page, size = [], 0
        page.append(item)
        size += weight
    if page:
        yield page
