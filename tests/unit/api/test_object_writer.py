"""An object that is written while it comes in."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, Self

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.jobs.object_writer import ObjectWriter

SMALL: Final = 8
"""Bytes of a part here."""


@dataclass
class Kept:
    """A store that takes notes."""

    parts: list[bytes] = field(default_factory=list)
    whole: bytes | None = None

    def put(self, _key: str, body: bytes | bytearray, /) -> None:
        self.whole = bytes(body)

    def begin_multipart(self, _key: str, /) -> Self:
        return self

    def write_part(self, part: bytes | bytearray, /) -> None:
        self.parts.append(bytes(part))

    def complete(self) -> None:
        self.whole = b"".join(self.parts)

    def abort(self) -> None: ...

    def delete(self, _key: str, /) -> None: ...


def written(pieces: Sequence[bytes]) -> tuple[Kept, ObjectWriter]:
    async def write(writer: ObjectWriter) -> None:
        for piece in pieces:
            await writer.write(piece)
        await writer.finish()

    kept = Kept()
    with ThreadPoolExecutor(1) as threads:
        writer = ObjectWriter(kept, "key", threads)
        asyncio.run(write(writer))
    return kept, writer


class TestObjectWriter:
    @pytest.fixture(autouse=True)
    def small_parts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("api.jobs.object_writer.PART_BYTES", SMALL)

    @given(st.lists(st.binary(max_size=30), max_size=12))
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
    def test_keeps_what_came_however_it_was_cut(self, pieces: list[bytes]) -> None:
        content = b"".join(pieces)

        kept, writer = written(pieces)

        assert kept.whole == content
        assert (writer.size_bytes, writer.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert all(len(part) == SMALL for part in kept.parts[:-1])

    @pytest.mark.parametrize(("size", "parts"), [(0, 0), (SMALL, 0), (SMALL + 1, 2), (5 * SMALL, 5)])
    def test_sends_what_fits_in_one_part_as_a_whole(self, size: int, parts: int) -> None:
        kept, _ = written([bytes(range(size))])

        assert (len(kept.parts), kept.whole) == (parts, bytes(range(size)))
