"""The nursery: a process that has in memory what a decoder needs, and forks one for each recording.

To fork takes a tenth of the time that a Python start takes. The nursery opens and reads nothing, so
no decoder has anything in it of another's recording. Its stdin is the line to its worker: an order
with three files, then the word to end that decoder, then the answer how it ended; and so on.
"""

from __future__ import annotations

import array  # noqa: F401 - wanted by socket.recv_fds, when a secluded nursery finds no file any more
import ctypes
import gc
import os
import resource
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, NoReturn

from workers.preparation.decoder.confinement import bound

ORDER: Final = struct.Struct(">QQ")
"""Seconds of processor time, bytes of memory. What becomes stdin, stdout and stderr comes with it."""
END: Final = b"."
STATUS: Final = struct.Struct(">idQ")
"""Exit status, with the number of a signal negative; seconds of processor time; bytes that were resident."""
RESIDENT_UNIT: Final = 1 if sys.platform == "darwin" else 2**10
"""Of `ru_maxrss`, in bytes."""
FILES: Final = 3
OPEN_FILES: Final = 16
"""What the nursery itself may have open, so that a decoder knows how far it has to close."""
PR_SET_PDEATHSIG: Final = 1

Decode = Callable[[int, int], object]
"""What a decoder does with an order's two numbers."""


def serve(decode: Decode) -> None:  # pragma: no cover - has a process of its own
    """One decoder after the other, until the worker's end of the line is gone; then the last ends too."""
    bound(resource.RLIMIT_NOFILE, OPEN_FILES)
    # What is here now is here for good, and is not looked through in every decoder.
    gc.freeze()
    with suppress(ConnectionError), socket.socket(fileno=0) as line:
        while order := _received_order(line):
            child = _forked(decode, *order)
            line.recv(len(END))
            # Whether that was said or nobody is there any more to say it.
            line.sendall(_ended(child))


def _received_order(line: socket.socket) -> tuple[int, int, list[int]] | None:  # pragma: no cover - as above
    order, files, _, _ = socket.recv_fds(line, ORDER.size, FILES)
    if len(order) < ORDER.size or len(files) < FILES:
        return None
    cpu_seconds, memory_bytes = ORDER.unpack(order)
    return cpu_seconds, memory_bytes, files


def _forked(
    decode: Decode, cpu_seconds: int, memory_bytes: int, files: Sequence[int]
) -> int:  # pragma: no cover - as above
    nursery = os.getpid()
    child = os.fork()
    if not child:
        _live(lambda: decode(cpu_seconds, memory_bytes), files, nursery)
    for file in files:
        os.close(file)
    return child


def _live(
    decode: Callable[[], object], files: Sequence[int], nursery: int
) -> NoReturn:  # pragma: no cover - as above
    """A decoder's whole life. It holds its three files and nothing of the nursery's."""
    status = 1
    try:
        os.setsid()
        for place, file in enumerate(files):
            os.dup2(file, place)
        os.closerange(FILES, OPEN_FILES)
        _end_with(nursery)
        decode()
        status = 0
    except BaseException:  # noqa: BLE001 - nothing of this may go on as a second nursery
        traceback.print_exc()
    finally:
        os._exit(status)


def _end_with(parent: int) -> None:  # pragma: no cover - as above
    """Killed with the nursery. Elsewhere than on Linux a decoder finds then that nobody takes its samples."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _ended(child: int) -> bytes:  # pragma: no cover - as above
    """How it ended and what it cost, once it and all that it started are killed.

    One that was dying already keeps the status it had. It is reaped last: until then its number is
    nobody else's. It is killed first, as it may not be the head of its group yet; dead, it never will.
    """
    os.kill(child, signal.SIGKILL)
    # macOS says so of a group in which nobody is alive.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    resident = usage.ru_maxrss * RESIDENT_UNIT
    return STATUS.pack(os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, resident)
