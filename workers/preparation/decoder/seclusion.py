"""What a nursery leaves behind for good, and all its decoders with it: the network, the files, its rights.

Once for each nursery and not for each recording: a decoder is forked into it and pays nothing. Linux
only, and only as far as the machine allows; what was reached is said, never assumed.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from workers.preparation.decoder.walls import Wall

# <sched.h>
CLONE_NEWNS: Final = 0x0002_0000
CLONE_NEWUTS: Final = 0x0400_0000
CLONE_NEWIPC: Final = 0x0800_0000
CLONE_NEWUSER: Final = 0x1000_0000
CLONE_NEWNET: Final = 0x4000_0000
APART: Final = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET
# <sys/mount.h>
MS_RDONLY: Final = 1
MS_NOSUID: Final = 2
MS_NODEV: Final = 4
MS_NOEXEC: Final = 8
MS_REMOUNT: Final = 32
MS_BIND: Final = 4096
MS_REC: Final = 16384
MS_PRIVATE: Final = 1 << 18
MNT_DETACH: Final = 2
INERT: Final = MS_NOSUID | MS_NODEV | MS_NOEXEC
# <sys/prctl.h>
PR_SET_DUMPABLE: Final = 4
PR_SET_NO_NEW_PRIVS: Final = 38
CAPABILITY_VERSION_3: Final = 0x2008_0522
PIVOT_ROOT: Final = {"x86_64": 155, "aarch64": 41}
"""Its number, as the C library has no name for it; elsewhere the files stay in view."""
ANY_FOLDER: Final = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - no pathlib in a decoder
"""Where the empty root is put before it becomes the root; what lies there stays as it is for all others."""
NOBODY: Final = 65534


def seclude() -> frozenset[Wall]:  # pragma: no cover - there is no way back
    """Of a process with one thread that needs no file any more. What is refused is left out."""
    if sys.platform != "linux":
        return frozenset()
    reached = set()
    with suppress(OSError):
        _part()
        reached.add(Wall.NETWORK)
        _empty_root()
        reached.add(Wall.FILES)
    _give_up_rights()
    return frozenset(reached)


def _part() -> None:  # pragma: no cover - as above
    """Namespaces of its own: by its right to them, else by that of whoever has a user namespace."""
    try:
        _call("unshare", APART)
    except OSError:
        user, group = os.geteuid(), os.getegid()
        _call("unshare", APART | CLONE_NEWUSER)
        with suppress(OSError):
            _stay(user, group)


def _stay(user: int, group: int) -> None:  # pragma: no cover - as above
    """The same numbers within; whoever has none can make no file there. See user_namespaces(7)."""
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123 - as above
            file.write(line)


def _empty_root() -> None:  # pragma: no cover - as above
    """A root with nothing in it and nothing to be put in; the old one is nowhere any more."""
    _call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    _call("mount", b"none", ANY_FOLDER.encode(), b"tmpfs", INERT, b"mode=755,nr_inodes=8")
    os.chdir(ANY_FOLDER)
    os.mkdir("empty", 0o555)  # noqa: PTH102 - as above
    _pivot()
    _call("umount2", b".", MNT_DETACH)
    _call("mount", None, b"/", None, MS_REMOUNT | MS_BIND | MS_RDONLY | INERT, None)
    # Whose root is not that of its mounts may make no user namespace, in which it would have rights again.
    os.chroot("/empty")
    os.chdir("/")


def _pivot() -> None:  # pragma: no cover - as above
    number = PIVOT_ROOT.get(os.uname().machine)
    if number is None:
        raise OSError
    _call("syscall", ctypes.c_long(number), b".", b".")


def _give_up_rights() -> None:  # pragma: no cover - as above
    """Root becomes nobody, who may signal nobody else; and no right is left or can be won."""
    for change in (_become_nobody, _drop_capabilities):
        with suppress(OSError):
            change()
    _call("prctl", PR_SET_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0)))
    _call("prctl", PR_SET_DUMPABLE, *map(ctypes.c_ulong, (0, 0, 0, 0)))


def _become_nobody() -> None:  # pragma: no cover - as above
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


def _drop_capabilities() -> None:  # pragma: no cover - as above
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _call("capset", header, nothing)


def _call(name: str, *arguments: object) -> None:  # pragma: no cover - as above
    """A function of the C library that answers -1 where it failed."""
    function: Callable[..., int] = getattr(ctypes.CDLL(None, use_errno=True), name)
    if function(*arguments) == -1:
        raise OSError(ctypes.get_errno(), name)
