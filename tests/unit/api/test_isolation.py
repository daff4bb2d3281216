"""What the API must not know."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = "import api.server, sys; print(*sorted(name for name in sys.modules if '.' not in name))"


class TestImports:
    def test_neither_the_broker_nor_a_speech_engine_is_loaded(self) -> None:
        loaded = subprocess.run(
            [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
        ).stdout.split()

        assert "fastapi" in loaded
        assert not {"celery", "kombu", "redis", "torch", "transformers", "workers"} & set(loaded)
