from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner, Result

from cli.commands.batch import app
from tests.unit.cli.bulk.scripted_batch import PATH, job_of, take_batch
from tests.unit.cli.scripted_api import ScriptedApi
from tests.unit.client.batch_answers import BATCH_ID, batch, item


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "160"})


class TestBatch:
    def test_lists_the_newest(self, named_api: ScriptedApi) -> None:
        listed = [batch(name="[March]", request_counts={"total": 9, "completed": 3, "failed": 1})]
        named_api.answer("GET", "/v1/batches", {"data": listed, "has_more": False, "next_cursor": None})

        heading, row = run("list").stdout.splitlines()

        assert heading.split() == ["batch", "made", "status", "calls", "name"]
        assert row.split()[0] == BATCH_ID
        assert row.split()[3:] == ["running", "4/9", "[March]"]

    def test_shows_where_one_stands(self, named_api: ScriptedApi) -> None:
        named_api.answer("GET", PATH, batch())

        lines = dict(line.split(maxsplit=1) for line in run("show", BATCH_ID).stdout.splitlines())

        assert lines["status"].strip() == "running"
        assert lines["so"].strip() == "far     2/2 calls · 0.0/0.0 h · RTFx 52 · 0:00:30 left"

    @pytest.mark.parametrize(("act", "path"), [("cancel", "cancel"), ("retry-failed", "retry-failed")])
    def test_is_steered(self, named_api: ScriptedApi, act: str, path: str) -> None:
        named_api.answer("POST", f"{PATH}/{path}", batch(status="canceled"))

        assert "canceled" in run(act, BATCH_ID).stdout

    def test_lists_items_with_what_is_wrong(self, named_api: ScriptedApi) -> None:
        trouble = {"code": "audio_empty", "message": "The recording holds no audio."}
        items = [item(1, custom_id="a.wav", status="failed", job_id=job_of(1), error=trouble)]
        named_api.answer("GET", f"{PATH}/items", {"data": items, "has_more": False, "next_cursor": None})

        _, row = run("items", BATCH_ID, "--status", "failed").stdout.splitlines()

        assert row.split(maxsplit=3)[3].strip() == "a.wav: The recording holds no audio."
        assert named_api.asked[0].query["status"] == "failed"

    def test_says_what_to_listen_to_first(self, named_api: ScriptedApi) -> None:
        take_batch(named_api)

        _, row = run("review", BATCH_ID).stdout.splitlines()

        assert row.split() == ["0.25", job_of(1), "a.wav", "loop"]

    @pytest.mark.parametrize("what", ["results", "errors"])
    @pytest.mark.parametrize("form", ["jsonl", "csv"])
    def test_prints_what_the_server_says_as_it_is(self, named_api: ScriptedApi, what: str, form: str) -> None:
        named_api.answer_text("GET", f"{PATH}/{what}", "您好\u2028\n")

        result = run(what, BATCH_ID, "--format", form)

        assert result.stdout == "您好\u2028\n"
        assert named_api.asked[0].query == {"format": form}

    def test_answers_programs_one_object_a_line(self, named_api: ScriptedApi) -> None:
        named_api.answer("GET", PATH, batch(mood="good"))

        assert json.loads(run("show", BATCH_ID, "--json").stdout) == batch(mood="good")

    @pytest.mark.parametrize(
        ("ended", "code"),
        [
            ({}, 0),
            ({"status": "canceled"}, 1),
            ({"request_counts": {"total": 2, "completed": 1, "expired": 1}}, 1),
        ],
    )
    def test_is_waited_for(self, named_api: ScriptedApi, ended: dict[str, object], code: int) -> None:
        take_batch(named_api, **ended)

        result = run("wait", BATCH_ID)

        assert result.exit_code == code
        assert "worst trust" in result.stdout
