"""What stands between a decoder and the machine, beyond the limits that it has everywhere."""

from __future__ import annotations

from enum import StrEnum


class Wall(StrEnum):
    """Each where the machine allows it."""

    NETWORK = "network"
    """A namespace without any network, and without the machine's other processes' shared memory."""
    FILES = "files"
    """An empty root: there is no file to be found, were there a way to open one."""
    LANDLOCK = "landlock"
    """The kernel refuses files, connections, and since 6.12 signals to others."""
