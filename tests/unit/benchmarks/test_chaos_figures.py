from __future__ import annotations

import json
from pathlib import Path

from benchmarks.chaos import MARKS, Run, figures_of, runs_in


def run(seed: int, *, acknowledged: int = 10_000, breaches: dict[str, int] | None = None) -> Run:
    return {
        "seed": seed,
        "seconds": 560.0,
        "commit": "0123456789ab",
        "acknowledged": acknowledged,
        "whole_way": 4_000,
        "repeated": 7,
        "ends": {"completed": acknowledged - 1, "canceled": 1},
        "faults": {"FLUSHALL": 100, "lies": 60},
        "breaches": breaches or {},
        "rules": 30,
        "seconds_to_rest": 10.0 * seed,
    }


class TestFigures:
    def test_add_up_all_runs(self) -> None:
        figures = figures_of([run(1), run(2)])

        assert (figures["jobs_acknowledged"], figures["faults"], figures["breaches"]) == (20_000, 320, 0)
        assert figures["faults_by_kind"] == {"FLUSHALL": 200, "lies": 120}
        assert figures["seconds_to_rest_max"] == 20.0
        assert all(mark.is_met(figures) for mark in MARKS)

    def test_miss_the_mark_for_one_breach_of_one_run(self) -> None:
        figures = figures_of([run(1), run(2, breaches={"lost": 1})])

        assert (figures["breaches_lost"], figures["breaches_by_rule"]) == (1, {"lost": 1})
        assert [mark.figure for mark in MARKS if not mark.is_met(figures)] == ["breaches"]


def test_runs_can_be_read_back(tmp_path: Path) -> None:
    result = tmp_path / "chaos.json"
    result.write_text(json.dumps({"figures": figures_of([run(1), run(2)])}))

    assert runs_in(result) == [run(1), run(2)]
