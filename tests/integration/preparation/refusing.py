"""A machine that refuses a decoder its walls, as Docker's filter of system calls and old kernels do."""

from __future__ import annotations

import sys
from collections.abc import Collection
from typing import Final

from workers.preparation.decoder.nursery import Nursery
from workers.preparation.decoder.walls import Wall

REFUSE: Final = """
import ctypes, os, runpy, struct

NUMBERS = dict(x86_64=dict(unshare=272), aarch64=dict(unshare=97))[os.uname().machine]
NUMBERS["landlock"] = 444

def refuse(*names):
    # seccomp(2): load the number, answer EPERM where it is one of those, else let it pass.
    steps = [(0x20, 0, 0, 0)]
    for name in names:
        steps += [(0x15, 0, 1, NUMBERS[name]), (0x06, 0, 0, 0x0005_0001)]
    steps += [(0x06, 0, 0, 0x7FFF_0000)]
    program = b"".join(struct.pack("HBBI", *step) for step in steps)
    libc = ctypes.CDLL(None)
    filter = struct.pack("HP", len(steps), ctypes.addressof(kept := ctypes.create_string_buffer(program)))
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, ctypes.create_string_buffer(filter), 0, 0) == 0
"""
PROGRAM: Final = "workers.preparation.decoder.program"
REFUSALS: Final = {Wall.NETWORK: "unshare", Wall.FILES: "unshare", Wall.LANDLOCK: "landlock"}


def nursery_without(walls: Collection[Wall]) -> Nursery:
    """The real one, on such a machine."""
    names = sorted({REFUSALS[wall] for wall in walls})
    program = f"refuse(*{names!r})\nrunpy.run_module({PROGRAM!r}, run_name='__main__')"
    return Nursery(command=[sys.executable, "-s", "-P", "-c", REFUSE + program])
