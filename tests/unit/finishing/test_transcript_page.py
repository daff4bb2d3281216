from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

from models.base import JsonObject, JsonValue
from tests.unit.finishing.calls import Said, transcript_of
from workers.finishing.caveats import WarningCode

PAGE: Final = Path(__file__).parents[3] / "docs" / "transcript.md"


def example() -> JsonObject:
    found = re.search(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def shape(value: JsonValue) -> JsonValue:
    """The names in a JSON value, without what stands under them."""
    if isinstance(value, dict):
        # Which roles and warnings there are differs from call to call; some parts have pages of their own.
        return {
            name: None if name in {"metrics", "quality"} else shape(each)
            for name, each in value.items()
            if not name.isdigit()
        }
    if isinstance(value, list) and value:
        return [shape(value[0])]
    return None


class TestPage:
    def test_its_example_has_the_fields_of_a_real_transcript(self) -> None:
        real = transcript_of(
            Said(0, 0, 1_000, "and on", finish_reason="length"),
            Said(1, 1_000, 2_000, "yes"),
            roles={"0": "agent"},
        )

        assert shape(example()) == shape(json.loads(json.dumps(real)))

    def test_it_explains_every_field_of_the_call(self) -> None:
        rows = _section("The call")

        assert [name for name in example() if f"`{name}`" not in rows] == []

    def test_it_explains_every_warning(self) -> None:
        _heading, *explained = re.findall(r"^\| `(\w+)` \|", _section("Warnings"), re.MULTILINE)

        assert explained == list(WarningCode)


def _section(title: str) -> str:
    return PAGE.read_text().split(f"## {title}\n")[1].split("\n## ")[0]
