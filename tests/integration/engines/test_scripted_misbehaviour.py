from __future__ import annotations

import multiprocessing
import signal
from multiprocessing.synchronize import Event

import numpy as np

from workers.engines.base import SAMPLE_RATE, Chunk
from workers.engines.scripted import ScriptedEngine
from workers.engines.settings import ScriptedSettings

SPAWN = multiprocessing.get_context("spawn")


def recognize_marked(peak: float, behaviour: ScriptedSettings, started: Event) -> None:
    samples = np.full(SAMPLE_RATE, 0.1, np.float32)
    samples[0] = peak
    started.set()
    ScriptedEngine(behaviour=behaviour).recognize([Chunk(samples)])


class TestScriptedEngine:
    def test_kills_its_process_on_a_chunk_marked_so(self) -> None:
        behaviour, started = ScriptedSettings(crash_on_peak=903), SPAWN.Event()
        process = SPAWN.Process(target=recognize_marked, args=(0.903, behaviour, started))

        process.start()
        process.join(120)

        assert process.exitcode == -signal.SIGKILL

    def test_never_comes_back_from_a_chunk_marked_so(self) -> None:
        behaviour, started = ScriptedSettings(hang_on_peak=904), SPAWN.Event()
        process = SPAWN.Process(target=recognize_marked, args=(0.904, behaviour, started))

        process.start()
        assert started.wait(60)
        process.join(0.5)

        assert process.is_alive()
        process.kill()
        process.join()
