"""Supervises one endless shell script until it is killed. A script for the tests."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from embedded.program import Program
from embedded.supervisor import Supervisor

directory, script, watched = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "1"
os.mkfifo(directory / "ready")
program = Program(
    name="endless",
    command=("/bin/sh", "-c", script),
    environment={"PATH": os.defpath},
    directory=directory,
    watched=watched,
)
with Supervisor(directory) as supervisor:
    supervisor.start(program)
    sys.stdout.write((directory / "ready").read_text())
    sys.stdout.flush()
    signal.pause()
