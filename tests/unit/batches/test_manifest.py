"""Manifests are read row by row, on from any row."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UnreadableSource
from models.base import JsonObject
from submission.batches.adding import Unreadable
from workers.batches.sources.manifest import LONGEST_LINE, CsvRows, JsonLines
from workers.batches.sources.page import Source

CELLS = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), min_size=1, max_size=12)
ROWS = st.lists(st.tuples(CELLS, CELLS), max_size=12)


def everything(source: Source, *, limit: int) -> list[object]:
    """Page by page, each by a reader that knows nothing but the place."""
    items: list[object] = []
    place: JsonObject = {}
    while True:
        page = source.read(place, limit=limit)
        assert len(page.items) <= limit
        items += page.items
        if page.is_last:
            return items
        place = json.loads(json.dumps(page.place))


class TestCsv:
    @given(ROWS, st.integers(1, 5), st.booleans())
    def test_is_the_same_in_pages_of_any_size(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        rows: list[tuple[str, str]],
        limit: int,
        has_mark: bool,
    ) -> None:
        text = io.StringIO()
        csv.writer(text).writerows([("custom_id", "agent"), *rows])
        path = tmp_path_factory.mktemp("csv") / "manifest.csv"
        path.write_bytes((b"\xef\xbb\xbf" if has_mark else b"") + text.getvalue().encode())

        assert everything(CsvRows(path), limit=limit) == [
            {"custom_id": name, "metadata": {"agent": agent}} for name, agent in rows
        ]

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\n",
            b"a,a\n1,2\n",
            b'a,b\n"1',
            b"a,b\n\xff,1\n",
            b"a\n" + b"x" * LONGEST_LINE + b"xx\n",
            b"a\n\0\n",
        ],
    )
    def test_that_is_broken_is_no_manifest(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "manifest.csv"
        path.write_bytes(content)

        with pytest.raises(UnreadableSource):
            everything(CsvRows(path), limit=100)

    def test_a_row_with_too_many_cells_is_refused_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "manifest.csv"
        path.write_bytes(b"custom_id\na,b\nc\n")

        first, second = everything(CsvRows(path), limit=100)

        assert isinstance(first, Unreadable)
        assert second == {"custom_id": "c"}

    def test_empty_cells_are_left_out(self, tmp_path: Path) -> None:
        path = tmp_path / "manifest.csv"
        path.write_bytes(b"custom_id,model,agent\na,,\n\nb,,Kim\n")

        assert everything(CsvRows(path), limit=100) == [
            {"custom_id": "a"},
            {"custom_id": "b", "metadata": {"agent": "Kim"}},
        ]


class TestJsonLines:
    @given(st.lists(st.dictionaries(CELLS, CELLS, max_size=3), max_size=12), st.integers(1, 5))
    def test_is_the_same_in_pages_of_any_size(
        self, tmp_path_factory: pytest.TempPathFactory, items: list[dict[str, str]], limit: int
    ) -> None:
        path = tmp_path_factory.mktemp("jsonl") / "manifest.jsonl"
        path.write_text("".join(json.dumps(item) + "\n" for item in items))

        assert everything(JsonLines(path), limit=limit) == items

    def test_a_line_that_is_no_json_is_refused_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "manifest.jsonl"
        path.write_text('{"custom_id": "a"}\n{\n' + "[" * 100_000 + "\n\n" + '{"custom_id": "b"}')

        first, second, third, fourth = everything(JsonLines(path), limit=100)

        assert (first, fourth) == ({"custom_id": "a"}, {"custom_id": "b"})
        assert isinstance(second, Unreadable)
        assert isinstance(third, Unreadable)
