from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchmarks.report import commit_of


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("code.py", "benchmarks/results/claim.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("as committed")
    for command in (["init"], ["add", "."], ["commit", "--message=all"]):
        who = ["-c", "user.name=Tester", "-c", "user.email=tester@example.com", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *who, *command], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


class TestCommit:
    def test_has_its_short_name(self, tree: Path) -> None:
        head = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=tree, check=True, capture_output=True, text=True
        ).stdout

        assert commit_of(tree) == head[:12]

    def test_is_marked_when_the_code_is_another(self, tree: Path) -> None:
        named = commit_of(tree)
        (tree / "code.py").write_text("changed")

        assert commit_of(tree) == f"{named}-dirty"

    def test_is_not_marked_for_what_another_run_measured(self, tree: Path) -> None:
        named = commit_of(tree)
        (tree / "benchmarks/results/claim.json").write_text("changed")

        assert commit_of(tree) == named

    def test_outside_of_a_repository_is_unknown(self, tmp_path: Path) -> None:
        assert commit_of(tmp_path) == "unknown"
