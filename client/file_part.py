"""A stretch of a file, read a piece at a time while it is sent; may be gone through again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import PermanentError

PIECE_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class FilePart:
    path: Path
    first_byte: int
    size_bytes: int
    on_read: Callable[[int], None]
    """Hears how far into the file it was read."""

    def __iter__(self) -> Iterator[bytes]:
        """Raises `PermanentError` if the file has become shorter meanwhile."""
        with self.path.open("rb") as file:
            file.seek(self.first_byte)
            left = self.size_bytes
            while left:
                piece = file.read(min(PIECE_BYTES, left))
                if not piece:
                    raise PermanentError(f"{self.path.name} became shorter while it was sent.")
                left -= len(piece)
                self.on_read(self.first_byte + self.size_bytes - left)
                yield piece
