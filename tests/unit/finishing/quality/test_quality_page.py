"""docs/quality.md"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Final

from typing_extensions import TypedDict

from models.quality_content import FlagCode
from workers.finishing.metrics.spans import Span
from workers.finishing.quality.heard import HeardCall, HeardChunk
from workers.finishing.quality.judging import judge
from workers.finishing.quality.thresholds import DOUBTS, THRESHOLDS

PAGE: Final = (Path(__file__).parents[4] / "docs" / "quality.md").read_text()


class ExampleChunk(TypedDict):
    channel: int
    start_ms: int
    end_ms: int
    speech_ms: int
    text: str
    confidence: float | None
    tokens: int


def blocks() -> list[str]:
    return re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)


def example() -> HeardCall:
    told: list[ExampleChunk] = json.loads(blocks()[0])
    return HeardCall([_chunk(each) for each in told])


def section(title: str) -> str:
    return PAGE.split(f"## {title}\n")[1].split("\n## ")[0]


def rows(title: str) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", section(title), re.MULTILINE)
    }


class TestPage:
    def test_its_example_has_the_quality_of_its_call(self) -> None:
        assert json.loads(blocks()[1]) == judge(example())

    def test_it_explains_every_flag(self) -> None:
        explained = re.findall(r"^\| `(\w+)` \|", section("The flags"), re.MULTILINE)

        assert explained[1:] == list(FlagCode)

    def test_it_tells_every_doubt(self) -> None:
        assert rows("Trust") == dict(DOUBTS)

    def test_it_tells_every_threshold(self) -> None:
        assert rows("The thresholds") == asdict(THRESHOLDS)

    def test_it_explains_every_name(self) -> None:
        prose = re.sub(r"```json\n.*?```", "", PAGE, flags=re.DOTALL)
        names = set(re.findall(r'"(\w+)":', blocks()[1]))

        assert sorted(name for name in names if f"`{name}`" not in prose) == []


def _chunk(each: ExampleChunk) -> HeardChunk:
    return HeardChunk(
        channel=each["channel"],
        span=Span(each["start_ms"], each["end_ms"]),
        speech_ms=each["speech_ms"],
        text=each["text"],
        confidence=each["confidence"],
        tokens=each["tokens"],
    )
