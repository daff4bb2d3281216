"""The launcher from nothing to the command, with a command line of one print and no packages to install."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = """\
import json, os, sys
keys = ("PYTHONPATH", "CALLSCRIBE_STATE_DIR")
print(json.dumps({"arguments": sys.argv[1:], "cwd": os.getcwd(), **{key: os.environ[key] for key in keys}}))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "callscribe", project)
    (project / "requirements").mkdir()
    (project / "requirements" / "base.txt").touch()
    (project / "cli").mkdir()
    (project / "cli" / "__init__.py").touch()
    (project / "cli" / "main.py").write_text(COMMAND)
    return project


def launch(project: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    # Without an index, uv is not to be had and pip has nothing to do.
    environment = {"PATH": os.defpath, "HOME": str(project), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}
    return subprocess.run(
        [shutil.which("python3") or "python3", project / "callscribe", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


class TestLauncher:
    @pytest.mark.slow
    def test_sets_up_once_and_hands_over(self, project: Path, tmp_path: Path) -> None:
        (tmp_path / "cli").mkdir()  # the user's own, to be left alone

        first = launch(project, "status", "--all", cwd=tmp_path)
        second = launch(project, "status", "--all", cwd=tmp_path)

        assert json.loads(first.stdout) == {
            "arguments": ["status", "--all"],
            "cwd": str(tmp_path),
            "PYTHONPATH": str(project),
            "CALLSCRIBE_STATE_DIR": str(project / ".callscribe"),
        }
        assert "Creating .venv" in first.stderr
        assert second.stdout == first.stdout
        assert second.stderr == ""
