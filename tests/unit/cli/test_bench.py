"""callscribe bench"""

from __future__ import annotations

import subprocess
import sys

from typer.testing import CliRunner

from cli.commands.bench import app, benchmarks


class TestBench:
    def test_lists_every_benchmark_with_what_it_measures(self) -> None:
        shown = CliRunner().invoke(app, [])

        assert {"claim", "latency", "fill"} <= set(benchmarks())
        assert "callscribe bench claim" in shown.output
        assert "How long a claim takes" in shown.output

    def test_what_cannot_be_run_is_none(self) -> None:
        assert "report" not in benchmarks()

    def test_an_unknown_one_is_refused_by_naming_those_there_are(self) -> None:
        refused = CliRunner().invoke(app, ["speed"])

        assert refused.exit_code == 2
        assert "latency" in refused.output

    def test_hands_options_on(self) -> None:
        command = [sys.executable, "-m", "cli.main", "bench", "latency", "--help"]

        helped = subprocess.run(command, capture_output=True, text=True, check=True)

        assert "--calls" in helped.stdout
