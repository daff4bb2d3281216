from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import typer
from typer.testing import CliRunner, Result

from cli.bulk.picture import MOST_GROUPS, POINT, draw, groups_of, panels
from cli.commands.plot import plot
from core.errors import InvalidRequest

CALLS = [
    {
        "metadata.agent": "Kim",
        "agent_talk_ratio": "0.5",
        "duration_s": "60",
        "silence_s": "15",
        "trust": "0.95",
    },
    {"metadata.agent": "Kim", "agent_talk_ratio": "", "duration_s": "0", "silence_s": "0", "trust": ""},
    {
        "metadata.agent": "李伟",
        "agent_talk_ratio": "0.7",
        "duration_s": "60",
        "silence_s": "6",
        "trust": "0.4",
    },
    {"metadata.agent": "", "agent_talk_ratio": "0.2", "duration_s": "60", "silence_s": "6", "trust": "0.9"},
]


def table(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else ["metadata.agent", "trust"])
        writer.writeheader()
        writer.writerows(rows)
    return path


def run(*arguments: object) -> Result:
    app = typer.Typer()
    app.command()(plot)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def colours(picture: Path) -> str:
    """All that is drawn, as text."""
    return ET.tostring(ET.parse(picture).getroot(), encoding="unicode")  # noqa: S314 - our own file


class TestPlot:
    @pytest.mark.parametrize(("form", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")])
    def test_is_a_picture(self, tmp_path: Path, form: str, magic: bytes) -> None:
        out = tmp_path / f"calls.{form}"

        told = run(table(tmp_path / "calls.csv", CALLS), "--out", out)

        assert told.exit_code == 0, told.output
        assert out.read_bytes().startswith(magic)

    def test_of_another_form_is_refused_before_anything_is_read(self, tmp_path: Path) -> None:
        (tmp_path / "calls.csv").touch()

        assert run(tmp_path / "calls.csv", "--out", tmp_path / "calls.gif").exit_code == 2

    def test_without_the_column_names_those_that_there_are(self, tmp_path: Path) -> None:
        told = run(table(tmp_path / "calls.csv", CALLS), "--by", "queue", "--out", tmp_path / "calls.png")

        assert isinstance(told.exception, InvalidRequest)
        assert "agent" in str(told.exception)
        assert not (tmp_path / "calls.png").exists()

    def test_of_no_calls_is_refused(self, tmp_path: Path) -> None:
        told = run(table(tmp_path / "calls.csv", []), "--out", tmp_path / "calls.png")

        assert isinstance(told.exception, InvalidRequest)

    def test_of_the_same_table_is_the_same_file(self, tmp_path: Path) -> None:
        calls = table(tmp_path / "calls.csv", CALLS)

        for name in ("one.png", "two.png"):
            run(calls, "--out", tmp_path / name)

        assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()

    def test_says_when_names_could_not_be_written(self, tmp_path: Path) -> None:
        told = {}
        for name in ("Kim", "\U0001d2d8"):
            calls = table(tmp_path / "calls.csv", [{**CALLS[0], "metadata.agent": name}])
            told[name] = run(calls, "--out", tmp_path / "calls.png").output

        assert ["boxes" in each for each in told.values()] == [False, True]


class TestPicture:
    def test_has_a_group_for_each_value_and_one_for_none(self, tmp_path: Path) -> None:
        groups = groups_of(table(tmp_path / "calls.csv", CALLS), "agent")

        assert {name: len(rows) for name, rows in groups.items()} == {"Kim": 2, "李伟": 1, "(none)": 1}

    def test_may_be_by_a_column_of_every_call(self, tmp_path: Path) -> None:
        rows = [{"language": "en", "trust": "1"}, {"language": "zh", "trust": "1"}]

        assert groups_of(table(tmp_path / "calls.csv", rows), "language").keys() == {"en", "zh"}

    def test_has_figures_of_those_calls_only_that_have_them(self) -> None:
        values = {panel.title: [panel.of_call(row) for row in CALLS] for panel in panels("agent")}

        assert values == {
            "talk of the agent": [50.0, None, 70.0, 20.0],
            "silence": [25.0, None, 10.0, 10.0],
            "trust": [0.95, None, 0.4, 0.9],
        }

    def test_shows_doubtful_calls_in_another_colour(self, tmp_path: Path) -> None:
        drawn = {}
        for name, trust in (("sure", "0.7"), ("doubtful", "0.5")):
            rows = [{**CALLS[0], "trust": trust}]
            run(table(tmp_path / "calls.csv", rows), "--out", tmp_path / f"{name}.svg")
            drawn[name] = colours(tmp_path / f"{name}.svg")

        assert drawn["sure"].count(POINT) > drawn["doubtful"].count(POINT) > 0

    def test_of_too_many_groups_has_the_largest_and_says_so(self, tmp_path: Path) -> None:
        rows = [{**CALLS[0], "metadata.agent": f"agent {number:03}"} for number in range(MOST_GROUPS + 5)]
        rows += [{**CALLS[0], "metadata.agent": "zoe"}] * 2
        with (tmp_path / "calls.svg").open("wb") as file:
            draw(table(tmp_path / "calls.csv", rows), file, by="agent", role="agent", form="svg")

        drawn = (tmp_path / "calls.svg").read_text()
        assert f"{len(rows)} calls by agent, the {MOST_GROUPS} largest of {MOST_GROUPS + 6} shown" in drawn
        assert "<!-- zoe -->" in drawn
        assert "<!-- agent 044 -->" not in drawn


def test_without_matplotlib_one_line_says_what_is_missing(tmp_path: Path) -> None:
    calls = table(tmp_path / "calls.csv", CALLS)
    code = "import sys; sys.modules['matplotlib'] = None; sys.argv[1:] = ['plot', *sys.argv[1:]]"
    told = subprocess.run(
        [sys.executable, "-c", f"{code}; from cli.main import main; main()", str(calls)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )

    assert told.returncode == 1
    assert "matplotlib" in told.stderr
    assert told.stderr.count("\n") == 1
    assert not (tmp_path / "calls.png").exists()
