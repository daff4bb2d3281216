"""What the package promises to those who import it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import client

PAGE = (Path(__file__).parents[3] / "docs" / "client.md").read_text()


class TestSurface:
    def test_every_name_is_told_of_on_the_page(self) -> None:
        assert [name for name in client.__all__ if not re.search(rf"\b{name}\b", PAGE)] == []

    def test_importing_it_loads_nothing_of_the_server(self) -> None:
        script = (
            "import sys, client;"
            "print(sorted({'sqlalchemy', 'celery', 'boto3', 'fastapi', 'typer', 'numpy'} & set(sys.modules)))"
        )

        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

        assert done.stdout == "[]\n"
