"""Lines of an answer that comes in pieces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def lines_of(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Without their ends, and without blank ones. Only `\\n` ends one: text may hold U+2028 and the like."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from filter(None, whole)
    if rest:
        yield rest
