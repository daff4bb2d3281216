"""A file whose age tells probes that this process moves on; for processes without a port."""

from __future__ import annotations

from pathlib import Path


def touch(path: Path | None) -> None:
    """Make the file young again; nothing where no probe looks."""
    if path is not None:
        path.touch()
