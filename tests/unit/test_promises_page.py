"""docs/promises.md names tests and files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "promises.md").read_text()
ROWS = re.findall(r"^\| \*\*.+ \|$", PAGE, re.MULTILINE)
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)))
BENCHMARKS = sorted(set(re.findall(r"`callscribe bench (\w+)`", PAGE)))


class TestPromises:
    def test_each_says_by_what_it_is_proven(self) -> None:
        unproven = [row for row in ROWS if not re.search(r"`(tests/|callscribe )|chaos: |crash points", row)]

        assert len(ROWS) > 15
        assert unproven == []

    @pytest.mark.parametrize(("path", "name"), TESTS)
    def test_are_proven_by_tests_that_are_there(self, path: str, name: str) -> None:
        assert f"class {name}" in (ROOT / path).read_text() if name else (ROOT / path).is_file()

    @pytest.mark.parametrize("name", BENCHMARKS)
    def test_are_measured_by_benchmarks_that_are_there(self, name: str) -> None:
        assert (ROOT / "benchmarks" / f"{name}.py").is_file()

    @pytest.mark.parametrize("quoted", re.findall(r"chaos: \*([^*…]+)", PAGE))
    def test_are_watched_by_rules_that_chaos_knows(self, quoted: str) -> None:
        rules = "".join(
            (ROOT / "chaos" / f"{name}.py").read_text() for name in ("checks", "conduct", "audit")
        )

        assert f'"{quoted.strip()}' in rules
