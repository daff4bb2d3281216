"""What the comparison says of us is shown by something that there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "comparison.md").read_text()
OURS: Final = re.findall(r"^\| (.+?) \| ([YPN]) \| (.*) \|$", PAGE.split("## Hosted")[0], re.MULTILINE)
EVIDENCE: Final = re.compile(r"tests/|`callscribe ")


def test_every_yes_is_shown_by_a_test_or_a_command() -> None:
    assert OURS
    assert [
        name for name, said, shown in OURS if said == "Y" and not re.search(r"tests/|`callscribe ", shown)
    ] == []


def test_what_shows_it_is_there() -> None:
    named = re.findall(r"\((\.\./tests/[\w/]+\.py)\)", PAGE)
    benches = re.findall(r"`callscribe bench (\w+)`", PAGE)

    assert [each for each in named if not (ROOT / "docs" / each).is_file()] == []
    assert [each for each in benches if not (ROOT / "benchmarks" / f"{each}.py").is_file()] == []


def test_the_counts_are_those_of_the_table() -> None:
    said = [said for _, said, _ in OURS]

    assert f"{said.count('Y')} of {len(said)} yes, {said.count('P')} in part." in PAGE


def test_the_wide_tables_say_the_same_of_us() -> None:
    ours = {name: said for name, said, _ in OURS}
    wide = re.findall(r"^\| (.+?) \| \*\*([YPN])\*\* \|", PAGE, re.MULTILINE)

    assert len(wide) == 2 * len(ours)
    assert [name for name, said in wide if ours[name] != said] == []
