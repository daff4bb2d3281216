"""What a program takes with all that it starts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from benchmarks.process_tree import MIB, cpu_seconds, disk_mib, memory_of, tree

PARENT = """
import subprocess, sys
subprocess.run([sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"])
"""


@pytest.fixture
def parent() -> Iterator[psutil.Process]:
    """A process whose child has started, and waits until its stdin is closed."""
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield psutil.Process(process.pid)


class TestTree:
    def test_holds_what_was_started(self, parent: psutil.Process) -> None:
        assert [each.pid for each in tree(parent)] == [parent.pid, *(each.pid for each in parent.children())]
        assert len(tree(parent)) == 2

    def test_every_process_takes_memory(self, parent: psutil.Process) -> None:
        assert all(MIB < memory_of(each) < 200 * MIB for each in tree(parent))

    def test_one_that_is_gone_takes_none(self, parent: psutil.Process) -> None:
        gone = tree(parent)
        for each in gone:
            each.kill()
        psutil.wait_procs(gone, timeout=10)

        assert [memory_of(each) for each in gone] == [0, 0]
        assert tree(parent) == []


class TestDisk:
    def test_a_file_with_two_names_counts_once(self, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.write_bytes(b"x" * MIB)
        (tmp_path / "again").hardlink_to(file)

        assert disk_mib(tmp_path) == pytest.approx(1.0, abs=0.1)

    def test_what_is_not_there_takes_none(self, tmp_path: Path) -> None:
        assert disk_mib(tmp_path / "nothing") == 0


BURN = "import time; sum(range(10**7)); print(time.process_time(), flush=True)"
BURNING = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {BURN!r}])
sys.stdin.read()
"""
CLOCK_TICK_S = 0.01
"""How exactly the system counts, once in each direction."""


def test_processor_time_of_children_that_ended_counts() -> None:
    command = [sys.executable, "-c", BURNING]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        burned = float(process.stdout.readline())
        while psutil.Process(process.pid).children():
            pass

        assert cpu_seconds(process.pid) >= burned - 2 * CLOCK_TICK_S
