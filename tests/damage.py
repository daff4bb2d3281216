"""What becomes of a sound file on a bad way, by seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Final

NUMBERS: Final = (
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\x80\0\0\0",
    b"\0\0\0\1",
    b"\1\0\0\0",
)
"""At which counts and sizes turn over, in either byte order."""
HEAD: Final = 256
"""Most of what a reader believes stands here."""


def cuts(content: bytes) -> Iterator[bytes]:
    """The file as it is when its sender was cut off: within its head almost byte by byte, then in steps."""
    lengths = {*range(1, 64, 3), *range(64, 512, 37)}
    lengths |= {len(content) * eighth // 8 for eighth in range(1, 8)} | {len(content) - 1}
    yield from (content[:length] for length in sorted(lengths) if length < len(content))


def mutants(content: bytes, *, seed: int, count: int) -> Iterator[bytes]:
    """Each with one to four changes; half of them in the head."""
    source = random.Random(seed)  # noqa: S311 - to be the same again is the point
    for _ in range(count):
        mutant = bytearray(content)
        for _ in range(source.randint(1, 4)):
            source.choice(CHANGES)(mutant, source)
        yield bytes(mutant)


def place_in(content: bytearray, source: random.Random) -> int:
    return source.randrange(min(len(content), HEAD) if source.random() < 0.5 else len(content))


def flip(content: bytearray, source: random.Random) -> None:
    content[place_in(content, source)] ^= 1 << source.randrange(8)


def scatter(content: bytearray, source: random.Random) -> None:
    for _ in range(20):
        content[place_in(content, source)] = source.randrange(256)


def overwrite(content: bytearray, source: random.Random) -> None:
    place = place_in(content, source)
    content[place : place + 4] = source.choice(NUMBERS)


def cut_out(content: bytearray, source: random.Random) -> None:
    place = place_in(content, source)
    del content[place + 1 : place + source.randint(2, 300)]


def repeat(content: bytearray, source: random.Random) -> None:
    place = place_in(content, source)
    content[place:place] = content[place : place + source.randint(1, 300)] * source.randint(1, 20)


def intersperse(content: bytearray, source: random.Random) -> None:
    place = place_in(content, source)
    content[place:place] = source.randbytes(source.randint(1, 300))


CHANGES: Final[tuple[Callable[[bytearray, random.Random], None], ...]] = (
    flip,
    scatter,
    overwrite,
    cut_out,
    repeat,
    intersperse,
)
