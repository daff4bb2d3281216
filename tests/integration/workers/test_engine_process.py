"""The engine in a process of its own: what ends it, and what its end leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import psutil
import pytest

from core.errors import EngineBroken
from tests.unit.engine_process.engines import PATIENCE_S, eventually
from workers.engine_process.hosts import ProcessHost
from workers.engine_process.keeper import EngineKeeper
from workers.engines.base import SAMPLE_RATE, Chunk, ContinuousEngine, Hypothesis
from workers.engines.continuous import continuous
from workers.engines.scripted import ScriptedEngine, heard_text
from workers.engines.settings import ScriptedSettings

HANGS: Final = 0.913
BREAKS: Final = 0.917
ORPHAN: Final = """
import sys, psutil
from functools import partial
from tests.integration.workers.test_engine_process import scripted
from workers.engine_process.hosts import ProcessHost
from workers.engine_process.keeper import EngineKeeper
if __name__ == "__main__":
    EngineKeeper(scripted, ProcessHost).start()
    print(*(child.pid for child in psutil.Process().children()), flush=True)
    sys.stdin.read()
"""


def scripted() -> ContinuousEngine:
    return continuous(
        ScriptedEngine(behaviour=ScriptedSettings(hang_on_peak=913, break_on_peak=917), max_batch_chunks=4)
    )


def without_checkpoint(path: Path) -> ContinuousEngine:
    raise FileNotFoundError(path)


def sound(peak: float = 0.2) -> Chunk:
    return Chunk(np.full(SAMPLE_RATE, peak, np.float32))


def engines() -> list[psutil.Process]:
    children = psutil.Process().children()
    return [child for child in children if "--multiprocessing-fork" in child.cmdline()]


@pytest.fixture
def keeper() -> Iterator[EngineKeeper]:
    keeper = EngineKeeper(scripted, ProcessHost, retry_pause=0.0)
    keeper.start()
    yield keeper
    keeper.close()


def works(keeper: EngineKeeper) -> bool:
    assert eventually(lambda: keeper.until_room() == 0.0)
    hearing = keeper.open()
    hearing.add({0: sound()})
    return hearing.next(timeout=PATIENCE_S) == (
        0,
        Hypothesis(heard_text(sound().samples), token_logprobs=(-0.1,) * 4),
    )


class TestProcess:
    def test_hears_what_lies_in_shared_memory(self, keeper: EngineKeeper) -> None:
        assert works(keeper)

    def test_a_signal_to_the_whole_group_leaves_it_working(self, keeper: EngineKeeper) -> None:
        (engine,) = engines()

        for each in (signal.SIGTERM, signal.SIGINT):
            engine.send_signal(each)

        assert works(keeper)
        assert engines() == [engine]

    def test_ends_when_it_is_closed(self) -> None:
        keeper = EngineKeeper(scripted, ProcessHost)
        keeper.start()

        keeper.close()

        assert engines() == []

    def test_that_is_killed_is_told_and_replaced(self, keeper: EngineKeeper) -> None:
        hearing = keeper.open()
        hearing.add({0: sound(HANGS)})
        (before,) = engines()

        before.kill()

        with pytest.raises(EngineBroken):
            hearing.next(timeout=PATIENCE_S)
        assert works(keeper)
        assert engines() != [before]

    def test_that_hangs_can_be_ended(self, keeper: EngineKeeper) -> None:
        hearing = keeper.open()
        hearing.add({0: sound(HANGS)})

        hearing.kill_engine()

        with pytest.raises(EngineBroken):
            hearing.next(timeout=PATIENCE_S)
        assert works(keeper)

    def test_whose_device_is_lost_ends_itself(self, keeper: EngineKeeper) -> None:
        hearing = keeper.open()
        hearing.add({0: sound(BREAKS)})

        with pytest.raises(EngineBroken):
            hearing.next(timeout=PATIENCE_S)
        assert works(keeper)

    def test_that_cannot_be_loaded_is_told_at_once(self, tmp_path: Path) -> None:
        keeper = EngineKeeper(partial(without_checkpoint, tmp_path), ProcessHost)

        with pytest.raises(EngineBroken):
            keeper.start()

        assert engines() == []


class TestParent:
    def test_that_is_killed_takes_its_engine_along(self, tmp_path: Path) -> None:
        script = tmp_path / "parent.py"
        script.write_text(ORPHAN)
        with subprocess.Popen(
            [sys.executable, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        ) as parent:
            assert parent.stdout is not None
            children = [int(pid) for pid in parent.stdout.readline().split()]
            parent.kill()

        assert children
        assert eventually(lambda: not any(psutil.pid_exists(child) for child in children))
