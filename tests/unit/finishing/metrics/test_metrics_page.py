"""docs/metrics.md and its picture"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from typing_extensions import TypedDict

from workers.finishing.metrics.call import Call, Voice
from workers.finishing.metrics.measuring import measure
from workers.finishing.metrics.spans import Span
from workers.finishing.metrics.thresholds import THRESHOLDS

DOCS: Final = Path(__file__).parents[4] / "docs"
PAGE: Final = (DOCS / "metrics.md").read_text()
PICTURE: Final = ET.parse(DOCS / "pictures" / "metrics.svg").getroot()  # noqa: S314 our own file
MS_PER_PIXEL: Final = 50
ZERO: Final = 90
"""Where in the picture 0 s is."""


class ExampleChannel(TypedDict):
    role: str
    level_dbfs: float | None
    speech_ms: list[int]
    texts: list[str]


class Example(TypedDict):
    duration_ms: int
    channels: list[ExampleChannel]


def blocks() -> list[str]:
    return re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)


def example() -> Call:
    told: Example = json.loads(blocks()[0])
    voices = [
        Voice(index, channel["role"], spans(channel["speech_ms"]), channel["texts"], channel["level_dbfs"])
        for index, channel in enumerate(told["channels"])
    ]
    return Call(told["duration_ms"], voices)


def spans(edges: list[int]) -> list[Span]:
    return [Span(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def drawn(group: str) -> list[Span]:
    """The rectangles of a group of the picture, as times."""
    (found,) = [each for each in PICTURE.iter() if each.get("id") == group]
    places = [
        (int(each.attrib["x"]), int(each.attrib["width"]))
        for each in found.iter()
        if "x" in each.attrib and "width" in each.attrib
    ]
    return sorted(Span((x - ZERO) * MS_PER_PIXEL, (x + width - ZERO) * MS_PER_PIXEL) for x, width in places)


class TestPage:
    def test_its_example_has_the_metrics_of_its_call(self) -> None:
        assert json.loads(blocks()[1]) == measure(example())

    def test_it_tells_every_threshold(self) -> None:
        told = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", PAGE, re.MULTILINE))

        assert {f"{name}_ms": int(value) for name, value in told.items()} == asdict(THRESHOLDS)

    def test_it_explains_every_name(self) -> None:
        prose = re.sub(r"```json\n.*?```", "", PAGE, flags=re.DOTALL)
        names = set(re.findall(r'"(\w+)":', blocks()[1]))

        assert sorted(name for name in names if f"`{name}`" not in prose) == []


class TestPicture:
    def test_draws_the_speech_of_the_example(self) -> None:
        agent, customer = example().voices

        assert drawn("agent") == agent.speech
        assert drawn("customer") == customer.speech

    def test_draws_what_is_measured_of_it(self) -> None:
        metrics = measure(example())

        for group in ("overlaps", "turns", "dead_air"):
            figures = metrics[group] or []
            assert drawn(group.replace("_", "-")) == sorted(
                Span(each["start_ms"], each["end_ms"]) for each in figures
            )
