"""The checks, with steps that take no time."""

from __future__ import annotations

import pytest

from cli.checking import STEPS, run_checks

PASSES = ("/bin/sh", "-c", "echo chatter")
FAILS = ("/bin/sh", "-c", "echo line 7 is wrong; exit 1")


class TestChecks:
    def test_pass_without_chatter(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run_checks({"lint": PASSES, "types": PASSES})

        said = capsys.readouterr().out
        assert [line.split()[:2] for line in said.splitlines()] == [["lint", "ok"], ["types", "ok"]]

    def test_go_on_after_one_that_failed(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert not run_checks({"lint": FAILS, "types": PASSES})

        said = capsys.readouterr().out
        assert "line 7 is wrong" in said
        assert "types" in said

    def test_are_formatting_lint_types_and_imports(self) -> None:
        assert list(STEPS) == ["formatting", "lint", "types", "imports"]
