"""docs/channels.md tells what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

from models.channel_finding import FindingCode, Severity
from tests.unit.preparation.findings.hearing import delayed, fainter, heard, turns
from workers.finishing import swapped_legs
from workers.preparation.findings import bleed, clipping, dead_channel, dual_mono, level, narrowband
from workers.preparation.findings.examination import examine

PAGE: Final = (Path(__file__).resolve().parents[4] / "docs" / "channels.md").read_text()


def section(title: str) -> str:
    return PAGE.split(f"## {title}\n")[1].split("\n## ")[0]


class TestPage:
    def test_explains_every_finding_in_its_order(self) -> None:
        _heading, *explained = re.findall(r"^\| `(\w+)` \|", section("The findings"), re.MULTILINE)

        assert explained == list(FindingCode)

    def test_explains_every_severity(self) -> None:
        assert [each for each in Severity if f"`{each}`" not in PAGE] == []

    def test_its_example_is_what_is_found(self, tmp_path: Path) -> None:
        found = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
        assert found
        [example] = json.loads(found[1])["findings"]
        first, second = turns()

        examined = examine(
            heard(tmp_path, first, second + fainter(delayed(first, milliseconds=120), decibels=18)),
            sample_rate=8_000,
        )

        [real] = [finding.as_json() for finding in examined[1].findings]
        assert (example["code"], example["severity"]) == (real["code"], real["severity"])
        assert example["message"] == real["message"]
        assert example["measures"].keys() == real["measures"].keys()

    def test_names_the_limits_that_are_in_effect(self) -> None:
        limits = section("The limits")

        named = dict(re.findall(r"^\| `(\w+\.\w+)` \| ([-\d.]+)", limits, re.MULTILINE))
        modules = (bleed, clipping, dead_channel, dual_mono, level, narrowband, swapped_legs)
        actual = {
            f"{module.__name__.rpartition('.')[2]}.{name}": value
            for module in modules
            for name, value in vars(module).items()
        }
        assert len(named) > 12
        assert {name: float(value) for name, value in named.items()} == {name: actual[name] for name in named}
