from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from models import states
from models.states import (
    BATCH_TRANSITIONS,
    CHUNK_TRANSITIONS,
    DELIVERY_TRANSITIONS,
    DEVICE_BATCH_TRANSITIONS,
    ITEM_TRANSITIONS,
    STAGE_TRANSITIONS,
    TRANSITIONS,
    BatchState,
    ChunkState,
    DeliveryState,
    DeviceBatchState,
    ItemState,
    JobStage,
    JobState,
)

PAGE: Final = Path(__file__).parents[2] / "docs" / "job-states.md"
OUTSIDE: Final = "[*]"

Edges = set[tuple[str, str]]

CHARTS: Final = pytest.mark.parametrize(
    ("title", "chart"),
    [
        ("Job", TRANSITIONS),
        ("Job stage", STAGE_TRANSITIONS),
        ("Chunk", CHUNK_TRANSITIONS),
        ("Device batch", DEVICE_BATCH_TRANSITIONS),
        ("Delivery", DELIVERY_TRANSITIONS),
        ("Batch", BATCH_TRANSITIONS),
        ("Item", ITEM_TRANSITIONS),
    ],
)


def section(title: str) -> str:
    return PAGE.read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]


def edges_of(chart: Mapping[StrEnum, frozenset[StrEnum]]) -> Edges:
    return {(str(state), str(following)) for state in chart for following in chart[state]}


def edges_drawn(title: str) -> Edges:
    return set(re.findall(r"^ +(\S+) --> (\S+)$", section(title), re.MULTILINE))


def sentences(kind: type[StrEnum]) -> dict[str, str]:
    """The docstring under each member, by the member's value."""
    tree = ast.parse(Path(states.__file__).read_text())
    body = next(
        each.body for each in tree.body if isinstance(each, ast.ClassDef) and each.name == kind.__name__
    )
    found = {}
    for member, below in pairwise(body):
        if isinstance(member, ast.Assign) and isinstance(below, ast.Expr):
            found[str(ast.literal_eval(member.value))] = str(ast.literal_eval(below.value))
    return found


class TestPage:
    @CHARTS
    def test_draws_every_step_of_the_code_and_no_other(
        self, title: str, chart: Mapping[StrEnum, frozenset[StrEnum]]
    ) -> None:
        drawn = {edge for edge in edges_drawn(title) if OUTSIDE not in edge}

        assert drawn == edges_of(chart)

    @CHARTS
    def test_lets_only_final_states_end(
        self, title: str, chart: Mapping[StrEnum, frozenset[StrEnum]]
    ) -> None:
        ending = {state for state, following in edges_drawn(title) if following == OUTSIDE}

        assert ending == {str(state) for state, following in chart.items() if not following}

    @CHARTS
    def test_says_of_every_step_when_it_is_made(
        self, title: str, chart: Mapping[StrEnum, frozenset[StrEnum]]
    ) -> None:
        steps = re.findall(r"^\| `(\w+)` → `(\w+)` \| \S.* \| \[.*\)+ \|$", section(title), re.MULTILINE)

        assert sorted(steps) == sorted(edges_of(chart))

    @pytest.mark.parametrize(
        ("title", "kind"),
        [
            ("Job", JobState),
            ("Job stage", JobStage),
            ("Chunk", ChunkState),
            ("Device batch", DeviceBatchState),
            ("Delivery", DeliveryState),
            ("Batch", BatchState),
            ("Item", ItemState),
        ],
    )
    def test_says_of_every_state_what_the_code_says(self, title: str, kind: type[StrEnum]) -> None:
        said = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", section(title), re.MULTILINE))

        assert said == sentences(kind)
        assert set(said) == {str(member) for member in kind}

    def test_names_files_that_exist(self) -> None:
        named = re.findall(r"\[([\w/.]+)\]\(([^)]+)\)", PAGE.read_text())

        assert named
        assert [
            path for path, link in named if link != f"../{path}" or not (PAGE.parents[1] / path).is_file()
        ] == []
