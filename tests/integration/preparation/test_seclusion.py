"""What a decoder that was taken over would find, on machines that allow much and little."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Collection
from contextlib import closing
from typing import Final

import pytest

from tests.integration.preparation.calls import recording_of
from tests.integration.preparation.refusing import nursery_without
from workers.preparation.decoder.decoding import decoding, walls_of
from workers.preparation.decoder.landlock import ruleset
from workers.preparation.decoder.limits import DecoderLimits
from workers.preparation.decoder.nursery import PROJECT_ROOT, Nursery
from workers.preparation.decoder.walls import Wall

LIMITS = DecoderLimits()
PRELUDE: Final = """
import ctypes, errno, os, signal, socket, sys
from workers.preparation.decoder import landlock
from workers.preparation.decoder.confinement import confine
from workers.preparation.decoder.seclusion import seclude
from workers.preparation.decoder.walls import Wall

def refused(action):
    try:
        action()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "allowed"

"""
AS_A_USER: Final = """
if not os.getuid():
    os.setgroups([]), os.setresgid(1000, 1000, 1000), os.setresuid(1000, 1000, 1000)
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # as it is after the start of a program
"""
EVERYBODY: Final = pytest.mark.parametrize("who", ["", AS_A_USER], ids=["whoever-runs-this", "plain-user"])


def secluded(program: str, before: str = "") -> str:
    """What the program prints, with `walls` known to it."""
    return subprocess.run(
        [sys.executable, "-c", PRELUDE + before + "walls = seclude()\n" + program],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.strip()


def landlock_abi() -> int:
    """0 where the kernel has none."""
    number, ask_version = ctypes.c_long(444), ctypes.c_long(1)
    version: int = ctypes.CDLL(None).syscall(number, ctypes.c_long(0), ctypes.c_long(0), ask_version)
    return max(version, 0)


@pytest.fixture
def allowed(who: str) -> bool:
    """Whether this machine gives namespaces to such a user, by another's word."""
    user = 1000 if who and not os.getuid() else None
    groups: list[int] | None = None if user is None else []
    program = ["unshare", "--map-root-user", "--mount", "--net", "true"]
    return not subprocess.run(program, user=user, group=user, extra_groups=groups, check=False).returncode


@EVERYBODY
class TestSecluded:
    """What a machine allows is used, and what is claimed is so."""

    def test_claims_what_it_has(self, who: str, allowed: bool) -> None:
        program = "print(*sorted(walls))"

        assert secluded(program, who) == ("files network" if allowed else "")

    def test_finds_no_file(self, who: str, allowed: bool) -> None:
        assert secluded("print(len(os.listdir('/')) == 0)", who) == str(allowed)

    def test_can_put_no_file_there(self, who: str, allowed: bool) -> None:
        assert secluded("print(refused(lambda: os.mkdir('/x')))", who) == ("EROFS" if allowed else "EACCES")

    def test_cannot_go_back_to_where_it_was_started(self, who: str, allowed: bool) -> None:
        program = "os.chdir('..'); os.chdir('/..'); print(len(os.listdir('..')) == 0)"

        assert secluded(program, who) == str(allowed)

    def test_reaches_nobody(self, who: str, allowed: bool) -> None:
        server = "server = socket.create_server(('127.0.0.1', 0))\n"
        program = "print(refused(lambda: socket.socket().connect(server.getsockname())))"

        assert secluded(program, server + who) == ("ENETUNREACH" if allowed else "allowed")

    def test_has_no_rights_and_wins_none(self, who: str) -> None:
        before = "status = open('/proc/self/status')\n" + who
        shown = "('CapEff', 'CapPrm', 'NoNew')"
        program = f"print(*[line.split()[1] for line in status if line.startswith({shown})])"

        assert secluded(program, before) == "0000000000000000 0000000000000000 1"

    def test_is_no_root(self, who: str) -> None:
        assert "0" not in secluded("print(*os.getresuid(), *os.getresgid())", who).split()

    def test_makes_no_namespace_in_which_it_would_be_root_again(self, who: str, allowed: bool) -> None:
        made = secluded("print(ctypes.CDLL(None).unshare(0x10000000) == 0)", who)

        assert made == "False" or not allowed

    def test_cannot_be_looked_into_by_its_kind(self, who: str) -> None:
        assert secluded("print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))", who) == "0"  # PR_GET_DUMPABLE


@EVERYBODY
class TestConfined:
    """A decoder within such a nursery."""

    CONFINE: Final = "walls |= confine(cpu_seconds=1, memory_bytes=2**28)\n"

    def test_starts_no_process(self, who: str) -> None:
        found = secluded(self.CONFINE + "print(refused(os.fork))", who)

        assert found == "EAGAIN"

    def test_opens_nothing_even_with_a_descriptor_free(self, who: str) -> None:
        program = "print(refused(lambda: (os.close(0), open('/'))))"

        assert secluded(self.CONFINE + program, who) == ("EACCES" if landlock_abi() else "EISDIR")

    def test_signals_none_but_itself(self, who: str) -> None:
        kill = "print(refused(lambda: os.kill(os.getppid(), 0)))"
        can_be_refused = landlock_abi() >= 6

        assert secluded(self.CONFINE + kill, who) == "EPERM" or not can_be_refused


class TestMachines:
    """From one that allows everything to one that allows nothing: all decode, and all say what they have."""

    @pytest.mark.parametrize(
        "missing",
        [(), (Wall.NETWORK, Wall.FILES), (Wall.LANDLOCK,), tuple(Wall)],
        ids=["new", "docker", "old", "old-docker"],
    )
    def test_each_decodes_and_says_what_it_has(self, missing: Collection[Wall]) -> None:
        with closing(nursery_without(missing)) as nursery, closing(Nursery()) as here:
            with decoding(recording_of("call_en"), LIMITS, nursery) as recording:
                samples = sum(len(block) for block in recording.blocks())
            walls = walls_of(LIMITS, nursery)

            assert samples > 300_000
            assert walls == walls_of(LIMITS, here) - set(missing)

    def test_a_probe_leaves_the_nursery_for_recordings(self) -> None:
        with closing(Nursery()) as nursery:
            walls_of(LIMITS, nursery)
            running = nursery._running

            with decoding(recording_of("call_en"), LIMITS, nursery) as recording:
                assert sum(len(block) for block in recording.blocks()) > 300_000

            assert nursery._running is running


class TestRuleset:
    """What is asked of a kernel is what it knows: one right too many, and it refuses all."""

    @pytest.mark.parametrize(
        ("abi", "files", "connecting", "scopes"),
        [
            (1, 13, 0, 0),
            (2, 14, 0, 0),
            (3, 15, 0, 0),
            (4, 15, 3, 0),
            (5, 16, 3, 0),
            (6, 16, 3, 3),
            (9, 16, 3, 3),
        ],
    )
    def test_grows_with_the_kernel(self, abi: int, files: int, connecting: int, scopes: int) -> None:
        numbers = [2**files - 1, connecting, scopes]

        assert ruleset(abi) == b"".join(number.to_bytes(8, sys.byteorder) for number in numbers)
