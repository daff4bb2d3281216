"""Files and directories of a backup are their owner's alone: calls are in them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from core.errors import BackupDirectoryRefused


def open_private(path: Path) -> BinaryIO:
    """A new file of mode 0600, to be written; what was there of a try before goes."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def empty_directory(path: Path) -> Path:
    """Made, or found empty; of mode 0700 from now on. Else `BackupDirectoryRefused`."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise BackupDirectoryRefused
        path.chmod(0o700)
    except OSError as error:
        raise BackupDirectoryRefused(f"The directory cannot be made or written: {error.strerror}.") from error
    return path


def private_directory(path: Path) -> Path:
    path.mkdir(mode=0o700, exist_ok=True)
    return path
