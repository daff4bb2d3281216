from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from workers.preparation.decoder.nursery import PROJECT_ROOT

PRELUDE = """
import errno, os, resource, socket, sys
from workers.preparation.decoder.confinement import confine

def refused(action):
    try:
        action()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "allowed"

confine(cpu_seconds=1, memory_bytes=2**28)
"""


def confined(program: str, stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PRELUDE + program], cwd=PROJECT_ROOT, stdout=stdout, text=True, check=False
    )


class TestConfine:
    def test_leaves_one_descriptor_for_the_recording_and_none_for_anything_else(self) -> None:
        program = "print(os.dup(0), refused(lambda: open('/etc/hostname')), refused(socket.socket))"

        assert confined(program).stdout == "3 EMFILE EMFILE\n"

    def test_bounds_what_can_be_written(self, tmp_path: Path) -> None:
        with (tmp_path / "bomb").open("wb") as bomb:
            confined("while True: os.write(1, bytes(2**14))", stdout=bomb.fileno())

        assert (tmp_path / "bomb").stat().st_size == 2**16

    def test_bounds_memory(self) -> None:
        program = "try: bytes(2**29)\nexcept MemoryError: print('refused')"

        assert confined(program).stdout == "refused\n"

    def test_bounds_processor_time(self) -> None:
        assert confined("while True: pass").returncode in {-signal.SIGXCPU, -signal.SIGKILL}

    def test_leaves_no_core_dump(self) -> None:
        assert confined("print(resource.getrlimit(resource.RLIMIT_CORE))").stdout == "(0, 0)\n"

    def test_there_is_no_way_back(self) -> None:
        program = (
            "print(resource.getrlimit(resource.RLIMIT_NOFILE), resource.getrlimit(resource.RLIMIT_FSIZE))"
        )

        assert confined(program).stdout == "(4, 4) (65536, 65536)\n"
