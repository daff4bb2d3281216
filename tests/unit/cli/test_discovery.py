"""How the program finds its commands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.discovery import DIRECTORY, load, summary
from cli.main import app, main
from core.version import VERSION

NAMES = sorted(path.stem for path in DIRECTORY.glob("[!_]*.py"))
ROOT = Path(__file__).parents[3]


class TestCommands:
    @pytest.mark.parametrize("name", NAMES)
    def test_are_what_their_summary_says(self, name: str) -> None:
        said = (load(name).help or "").partition("\n")[0]

        assert summary(name) == said
        assert said.endswith(".")

    def test_are_listed_without_being_imported(self) -> None:
        script = (
            "import sys; from typer.testing import CliRunner; from cli.main import app;"
            "print(CliRunner().invoke(app, ['--help']).output);"
            "print([name for name in sys.modules if name.startswith('cli.commands.')])"
        )

        output = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
        )

        lines = output.stdout.splitlines()
        assert [name for name in NAMES if not any(f" {name} " in line for line in lines)] == []
        assert lines[-1] == "[]"

    def test_unknown_ones_are_refused(self) -> None:
        result = CliRunner().invoke(app, ["transcibe"])

        assert result.exit_code == 2
        assert "No such command" in result.output

    def test_tell_the_version(self) -> None:
        assert CliRunner().invoke(app, ["--version"]).output == f"callscribe {VERSION}\n"


class TestMain:
    def test_says_our_errors_in_one_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CALLSCRIBE_API_URL", "http://127.0.0.1:9")
        monkeypatch.setenv("CALLSCRIBE_API_KEY", "key")

        said = called("status", monkeypatch)

        assert said.startswith("callscribe: ")
        assert said.endswith(" (server_unreachable)")
        assert "\n" not in said

    def test_names_the_variable_of_a_missing_setting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("CALLSCRIBE_DATABASE_URL", raising=False)

        assert called("migrate", monkeypatch) == "callscribe: CALLSCRIBE_DATABASE_URL: Field required"

    def test_keeps_the_value_of_a_wrong_setting_to_itself(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CALLSCRIBE_DATABASE_URL", "postgresql://u:hush@localhost/d")
        monkeypatch.setenv("CALLSCRIBE_LEASE_TTL", "hush")

        assert "hush" not in called("migrate", monkeypatch)


def called(command: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the program ends with."""
    monkeypatch.setattr(sys, "argv", ["callscribe", command])
    with pytest.raises(SystemExit) as end:
        main()
    assert isinstance(end.value.code, str)
    return end.value.code
