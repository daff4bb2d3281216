"""Landlock: a process forbids itself files, connections and signals; any user's may, in containers too.

Where namespaces are refused, as Docker refuses them, this is what is left. In the kernel since 5.13.
https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from typing import Final

RULESET: Final = struct.Struct("=QQQ")
"""struct landlock_ruleset_attr: what is forbidden of files, of the network, of those outside."""
CREATE_RULESET: Final = 444
RESTRICT_SELF: Final = 446
CREATE_RULESET_VERSION: Final = 1
FILES_BY_ABI: Final = {1: 13, 2: 14, 3: 15, 5: 16}
"""How many of the rights to files a kernel knows, from this ABI on; to forbid an unknown one is an error."""
CONNECTING_SINCE: Final = 4
CONNECTING: Final = 0b11
"""TCP, both directions."""
SCOPES_SINCE: Final = 6
SCOPES: Final = 0b11
"""Abstract sockets and signals of processes outside."""


def forbid_everything() -> bool:  # pragma: no cover - there is no way back
    """What is open stays usable. False where the kernel has no Landlock. Wants PR_SET_NO_NEW_PRIVS."""
    if sys.platform != "linux":
        return False
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    version = syscall(*map(ctypes.c_long, (CREATE_RULESET, 0, 0)), ctypes.c_long(CREATE_RULESET_VERSION))
    if version < 1:
        return False
    rules = ruleset(version)
    file = syscall(ctypes.c_long(CREATE_RULESET), rules, ctypes.c_long(len(rules)), ctypes.c_long(0))
    if file < 0:
        return False
    restricted: bool = syscall(*map(ctypes.c_long, (RESTRICT_SELF, file, 0))) == 0
    os.close(file)
    return restricted


def ruleset(abi: int) -> bytes:
    """All that a kernel of this ABI can forbid; none of it is allowed again by a rule."""
    files = max(count for since, count in FILES_BY_ABI.items() if since <= abi)
    connecting = CONNECTING if abi >= CONNECTING_SINCE else 0
    scopes = SCOPES if abi >= SCOPES_SINCE else 0
    return RULESET.pack(2**files - 1, connecting, scopes)
