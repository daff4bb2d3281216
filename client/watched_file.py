"""A file that tells how far it was read, while it is sent."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path


class WatchedFile(io.FileIO):
    """httpx reads 64 KiB at a time and knows the length from the file."""

    def __init__(self, path: Path, on_read: Callable[[int], None]) -> None:
        super().__init__(path, "rb")
        self._on_read = on_read

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(-1 if size is None else size) or b""
        self._on_read(self.tell())
        return piece
