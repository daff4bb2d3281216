"""docs/benchmarks.md"""

from __future__ import annotations

from pathlib import Path

from cli.commands.bench import benchmarks

PAGE = Path("docs/benchmarks.md").read_text()


def test_the_page_tells_of_every_benchmark() -> None:
    assert [name for name in benchmarks() if f"| `{name}` |" not in PAGE or f"**{name}." not in PAGE] == []
