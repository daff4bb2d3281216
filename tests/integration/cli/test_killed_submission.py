"""`callscribe submit` as a process of its own that is killed, and given again."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.integration.cli.served_far_side import Served, served
from tests.unit.cli.bulk.far_side import FarSide

FILES: Final = 12
AT_ONCE: Final = 3
REQUESTS: Final = 2 * FILES + 4
"""At least: a batch, two for each file, a page of items, the end of them, a look."""


@pytest.fixture
def desk() -> Iterator[Served]:
    with served(FarSide()) as desk:
        yield desk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(FILES):
        path = tmp_path / "recordings" / f"{number:02}.wav"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(f"sound of {number}".encode() * 20_000)
    return tmp_path / "recordings"


def begin(desk: Served, folder: Path, *words: str) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "CALLSCRIBE_API_URL": desk.far_side.url,
        "CALLSCRIBE_API_KEY": "cs_key",
        "CALLSCRIBE_STATE_DIR": str(folder.parent / "state"),
    }
    command = words or ("submit", str(folder), "--parallel", str(AT_ONCE))
    return subprocess.Popen(
        [sys.executable, "-m", "cli.main", *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def hit_at(desk: Served, number: int, process: list[subprocess.Popen[str]], how: signal.Signals) -> None:
    """Send a signal to the process before its request of that number is answered."""

    def hit(present: int) -> None:
        if present == number:
            process[0].send_signal(how)

    desk.before = hit


class TestKill:
    @pytest.mark.parametrize("number", [1, 2, 14, REQUESTS - 2])
    def test_the_same_command_goes_on_and_sends_nothing_twice(
        self, desk: Served, folder: Path, number: int
    ) -> None:
        process: list[subprocess.Popen[str]] = []
        hit_at(desk, number, process, signal.SIGKILL)
        process.append(begin(desk, folder))
        process[0].communicate(timeout=60)

        again = begin(desk, folder)
        printed, told = again.communicate(timeout=60)

        assert process[0].returncode == -signal.SIGKILL
        assert again.returncode == 0, told
        (batch,) = desk.far_side.batches.values()
        assert printed == f"{batch.id}\n"
        assert sorted(batch.items) == [f"{each:02}.wav" for each in range(FILES)]
        assert batch.is_closed
        assert desk.far_side.puts.total() <= FILES + AT_ONCE
        assert all(desk.far_side.content_of(name) == (folder / name).read_bytes() for name in batch.items)


class TestInterruption:
    def test_ends_at_once_with_the_command_that_goes_on(self, desk: Served, folder: Path) -> None:
        process: list[subprocess.Popen[str]] = []
        hit_at(desk, 9, process, signal.SIGINT)
        process.append(begin(desk, folder))
        _, told = process[0].communicate(timeout=60)

        program, *words = shlex.split(told.splitlines()[-1].partition("To go on: ")[2])
        again = begin(desk, folder, *words)
        again.communicate(timeout=60)

        assert (process[0].returncode, program, again.returncode) == (130, "callscribe", 0)
        assert len(desk.far_side.all_items()) == FILES
        assert desk.far_side.puts.total() <= FILES + AT_ONCE
