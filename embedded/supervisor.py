"""Starts programs that die with it, stops them in order, starts crashed ones again."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from embedded.program import Process, Program

GUARD = Path(__file__).with_name("guard.py")
LOG_LIMIT = 10_000_000
"""Bytes of a log above which the next start begins a new one and keeps one old one."""

logger = logging.getLogger(__name__)


class Supervisor:
    """Owns processes. None outlives it, not even when it is killed with SIGKILL."""

    def __init__(self, logs: Path) -> None:
        self.processes: list[Process] = []
        self._logs = logs
        self._closing = ExitStack()
        # Linux tells a child that its parent died when the *thread* that forked it ends. So all
        # are forked by one thread that lives as long as the supervisor.
        self._forker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="forker")
        self._closing.callback(self._forker.shutdown)
        self._lifeline = self._open_lifeline()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, program: Program) -> Process:
        process = self._spawn(program)
        self.processes.append(process)
        logger.info("process started", extra={"program": program.name, "pid": process.pid})
        return process

    def run(self, program: Program, *, timeout: float) -> Process:
        """Run a short program to its end, or kill it when its time is over."""
        process = self._spawn(program)
        if process.wait(timeout) is None:
            process.kill()
        return process

    def crashed(self) -> list[Process]:
        """Those that ended without being asked to."""
        return [process for process in self.processes if process.crashed]

    def restart(self, process: Process) -> Process:
        """The same program again, in the same place of the order."""
        self.stop(process)
        fresh = self._spawn(process.program)
        self.processes[self.processes.index(process)] = fresh
        logger.info("process restarted", extra={"program": fresh.name, "pid": fresh.pid})
        return fresh

    def stop(self, *processes: Process) -> None:
        """Ask all of these at once, then wait for each and kill what is late."""
        for process in processes:
            process.ask_to_stop()
        begin = time.monotonic()
        for process in processes:
            left = process.program.stop_timeout - (time.monotonic() - begin)
            if process.wait(max(0.0, left)) is None:
                logger.warning("process killed", extra={"program": process.name})
                process.kill()

    def close(self) -> None:
        """Stop what still runs, the last started first."""
        for process in reversed(self.processes):
            self.stop(process)
        self._closing.close()

    def _open_lifeline(self) -> int:
        """A pipe whose write end closes with this process, however it ends."""
        read_end, write_end = os.pipe()
        self._closing.callback(os.close, read_end)
        self._closing.callback(os.close, write_end)
        return read_end

    def _spawn(self, program: Program) -> Process:
        log = self._logs / f"{program.name}.log"
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        popen = self._forker.submit(self._fork, program, log).result()
        return Process(program, popen, log)

    def _fork(self, program: Program, log: Path) -> subprocess.Popen[bytes]:
        inherited = [*program.keep_open, *([self._lifeline] if program.watched else [])]
        with log.open("ab") as output:
            return subprocess.Popen(
                [*self._guard(program), "--", *program.command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=program.environment,
                cwd=program.directory,
                start_new_session=True,
                pass_fds=inherited,
            )

    def _guard(self, program: Program) -> Sequence[str]:
        # -I and -S: nothing but the standard library, quickly, whatever the environment says.
        command = [sys.executable, "-I", "-S", str(GUARD), f"--parent={os.getpid()}"]
        command.append(f"--death-signal={program.death_signal.value}")
        if program.watched:
            command.append(f"--lifeline={self._lifeline}")
        if program.run_as is not None:
            command += [f"--user={program.run_as.user}", f"--group={program.run_as.group}"]
            command += ["--namespace"] if program.run_as.in_namespace else []
        return command
