from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from cli.commands.export import export
from core.errors import ServerUnreachable
from tests.unit.cli.bulk.scripted_batch import PATH
from tests.unit.cli.scripted_api import Given, ScriptedApi
from tests.unit.client.batch_answers import BATCH_ID


def run(*arguments: object) -> Result:
    app = typer.Typer()
    app.command()(export)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


class TestExport:
    @pytest.mark.parametrize("form", ["csv", "jsonl"])
    def test_is_what_the_server_writes(self, named_api: ScriptedApi, tmp_path: Path, form: str) -> None:
        named_api.answer_text("GET", f"{PATH}/results", "您好\n")

        printed = run(BATCH_ID, "--format", form)
        run(BATCH_ID, "--format", form, "--out", tmp_path / "calls")

        assert printed.stdout == (tmp_path / "calls").read_text(encoding="utf-8") == "您好\n"
        assert named_api.asked[0].query == {"format": form}

    def test_that_breaks_off_leaves_what_was_there(self, named_api: ScriptedApi, tmp_path: Path) -> None:
        named_api.give("GET", f"{PATH}/results", Given(200, b"half", missing=4))
        (tmp_path / "calls.csv").write_text("of yesterday")

        broken = run(BATCH_ID, "--out", tmp_path / "calls.csv")

        assert isinstance(broken.exception, ServerUnreachable)
        assert [path.read_text() for path in tmp_path.iterdir()] == ["of yesterday"]

    def test_as_parquet_needs_a_name(self, named_api: ScriptedApi) -> None:
        assert run(BATCH_ID, "--format", "parquet").exit_code == 2
        assert named_api.asked == []
