"""Becomes a program that does not outlive its supervisor.

A script of its own, standard library only: what must happen between fork and exec happens here,
in a fresh process with one thread, and not in a copy of a supervisor full of threads and locks.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import select
import signal
import sys
from pathlib import Path
from types import FrameType

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
CANNOT_BECOME = 120
"""Exit status when the kernel refuses the user that was asked for."""
GRACE = 10.0
"""Seconds between the death signal and SIGKILL where this process has to send them."""


def main() -> None:
    options = parse(sys.argv[1:])
    try:
        if options.namespace:
            enter_user_namespace(options.user, options.group)
        elif options.user is not None:
            become(options.user, options.group)
    except OSError as error:
        sys.stderr.write(f"guard: {error}\n")
        sys.exit(CANNOT_BECOME)
    if options.lifeline is not None:
        sys.exit(watch(options.command, options.lifeline, options.death_signal))
    # After the change of user, which would clear it.
    die_with(options.parent, options.death_signal)
    execute(options.command)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--death-signal", type=int, required=True)
    parser.add_argument("--user", type=int)
    parser.add_argument("--group", type=int)
    parser.add_argument("--namespace", action="store_true")
    parser.add_argument("--lifeline", type=int)
    parser.add_argument("command", nargs="+")
    return parser.parse_args(arguments)


def enter_user_namespace(user: int, group: int) -> None:
    """Look like `user` from within; to the rest of the system, and in files, stay who we are."""
    outer_user, outer_group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "no user namespace")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {outer_user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {outer_group} 1")


def become(user: int, group: int) -> None:
    if (os.getuid(), os.getgid()) == (user, group):
        return
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)


def die_with(parent: int, death_signal: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent:
        sys.exit(1)  # it died before the kernel was asked


def execute(command: list[str]) -> None:
    # Python ignores these, and what is ignored stays so across exec.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    os.execv(command[0], command)  # noqa: S606 - a shell is what nobody wants here


def watch(command: list[str], lifeline: int, death_signal: int) -> int:
    """Run the command as a child until it ends or the supervisor's end of the lifeline closes.

    For kernels that tell nobody when a parent dies, and for programs with children of their own,
    which no kernel tells.
    """
    os.set_inheritable(lifeline, False)
    alarm = alarm_on_signals()
    guard, child = os.getpid(), os.fork()
    if child == 0:
        die_with(guard, signal.SIGKILL)
        execute(command)
    forward_signals(child)
    status = wait_for(child, alarm, lifeline, timeout=None)
    if status is None:
        os.kill(child, death_signal)
        wait_for(child, alarm, timeout=GRACE)
        os.killpg(0, signal.SIGKILL)  # all of the family, this process included
        return 1
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def alarm_on_signals() -> int:
    """A pipe end that becomes readable with each signal, the end of the child included."""
    alarm, wakeup = os.pipe()
    os.set_blocking(alarm, False)
    os.set_blocking(wakeup, False)
    signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    return alarm


def forward_signals(child: int) -> None:
    def forward(number: int, _frame: FrameType | None) -> None:
        os.kill(child, number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, forward)


def wait_for(child: int, alarm: int, *lifeline: int, timeout: float | None) -> int | None:
    """The child's wait status; None when the lifeline closed or the time is over."""
    while True:
        ready, _, _ = select.select([alarm, *lifeline], [], [], timeout)
        if alarm in ready:
            os.read(alarm, 4096)
        reaped, status = os.waitpid(child, os.WNOHANG)
        if reaped:
            return status
        if ready != [alarm]:
            return None


if __name__ == "__main__":
    main()
