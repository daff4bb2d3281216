from __future__ import annotations

import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from cli.commands.submit import submit
from core.errors import Conflict, NotFound
from tests.unit.cli.bulk.scripted_batch import PATH, have_results, take_batch
from tests.unit.cli.scripted_api import Given, ScriptedApi
from tests.unit.client.batch_answers import BATCH_ID, batch, item


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two recordings, and something else."""
    monkeypatch.setenv("CALLSCRIBE_STATE_DIR", str(tmp_path / "state"))
    calls = tmp_path / "calls"
    calls.mkdir()
    for name in ("a.wav", "b.wav", "notes.txt"):
        (calls / name).write_bytes(name.encode())
    return calls


def run(*arguments: object) -> Result:
    app = typer.Typer()
    app.command()(submit)
    return CliRunner().invoke(app, [str(each) for each in arguments], env={"COLUMNS": "200"})


def asked(api: ScriptedApi, method: str, path: str) -> Sequence[bytes]:
    return [each.body for each in api.asked if (each.method, each.path) == (method, path)]


def custom_ids(api: ScriptedApi) -> list[str]:
    pages = [json.loads(body)["items"] for body in asked(api, "POST", f"{PATH}/items")]
    return sorted(each["custom_id"] for page in pages for each in page)


class TestFolder:
    def test_becomes_a_batch(self, named_api: ScriptedApi, folder: Path) -> None:
        take_batch(named_api)

        result = run(folder, "--name", "March", "--roles", "left=agent,right=customer", "--lane", "bulk")

        assert (result.exit_code, result.stdout) == (0, f"{BATCH_ID}\n")
        assert json.loads(asked(named_api, "POST", "/v1/batches")[0]) == {
            "name": "March",
            "open": True,
            "defaults": {"roles": {"0": "agent", "1": "customer"}, "lane": "bulk"},
        }
        assert custom_ids(named_api) == ["a.wav", "b.wav"]
        assert sorted(asked(named_api, "PUT", "/storage")) == [b"a.wav", b"b.wav"]
        assert len(asked(named_api, "POST", f"{PATH}/close")) == 1
        assert "Passing over 1 files" in result.stderr

    def test_is_sent_once_however_often_the_command_is_given(
        self, named_api: ScriptedApi, folder: Path
    ) -> None:
        take_batch(named_api)
        run(folder)

        again = run(folder)

        assert (again.exit_code, again.stdout) == (0, f"{BATCH_ID}\n")
        assert "All 2 recordings were sent before" in again.stderr
        assert len(asked(named_api, "PUT", "/storage")) == 2
        assert len(asked(named_api, "POST", "/v1/batches")) == 1

    def test_is_sent_anew_when_that_is_wanted(self, named_api: ScriptedApi, folder: Path) -> None:
        take_batch(named_api)
        run(folder)

        run(folder, "--again")

        assert len(asked(named_api, "POST", "/v1/batches")) == 2
        assert len(asked(named_api, "PUT", "/storage")) == 4

    def test_is_gone_on_with_where_it_broke_off(self, named_api: ScriptedApi, folder: Path) -> None:
        named_api.refuse("POST", "/v1/batches", status=401, code="unauthenticated", detail="No.")
        take_batch(named_api)
        broken = run(folder)

        result = run(folder)

        assert broken.exit_code == 1
        assert "To go on: callscribe" in broken.stderr
        assert result.exit_code == 0
        keys = [each.headers["Idempotency-Key"] for each in named_api.asked if each.path == "/v1/batches"]
        assert len(set(keys)) == 1

    def test_says_that_the_server_has_forgotten_the_batch(self, named_api: ScriptedApi, folder: Path) -> None:
        take_batch(named_api)
        run(folder)
        named_api.answers["GET", PATH].clear()
        named_api.refuse("GET", PATH, status=404, code="not_found", detail="No such batch.")

        result = run(folder)

        assert isinstance(result.exception, NotFound)
        assert f"knows batch {BATCH_ID}; --again" in str(result.exception)

    def test_keeps_its_journal_where_it_is_told_to(
        self, named_api: ScriptedApi, folder: Path, tmp_path: Path
    ) -> None:
        take_batch(named_api)

        run(folder, "--journal", tmp_path / "j.jsonl")

        assert b'"closed"' in (tmp_path / "j.jsonl").read_bytes()
        other = run(folder, "--journal", tmp_path / "j.jsonl", "--language", "zh")
        assert isinstance(other.exception, Conflict)

    def test_says_which_recordings_were_not_sent(self, named_api: ScriptedApi, folder: Path) -> None:
        take_batch(named_api)
        (folder / "a.wav").unlink()
        (folder / "a.wav").symlink_to(folder / "missing.wav")
        manifest = folder / "m.csv"
        manifest.write_text("file,agent\na.wav,Li\nb.wav,Wang\n")

        result = run("--manifest", manifest)

        assert (result.exit_code, result.stdout) == (1, f"{BATCH_ID}\n")
        assert "a.wav: [Errno 2]" in result.stderr
        assert custom_ids(named_api) == ["b.wav"]


class TestInterruption:
    def test_ends_with_the_line_that_goes_on(
        self, named_api: ScriptedApi, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        named_api.give("POST", f"{PATH}/close", Given(200, b"{}", when_taken=press_ctrl_c))
        take_batch(named_api)
        monkeypatch.setattr("sys.argv", ["callscribe", "submit", "my calls", "--again"])

        result = run(folder)

        assert result.exit_code == 130
        assert "Interrupted. To go on: callscribe submit 'my calls'\n" in result.stderr


def press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


class TestWaiting:
    def test_ends_with_what_became_of_all(self, named_api: ScriptedApi, folder: Path) -> None:
        take_batch(named_api)

        result = run(folder, "--wait")

        lines = dict(line.split(maxsplit=1) for line in result.stdout.splitlines() if " " in line.strip())
        assert result.exit_code == 0
        assert lines["completed"].strip() == "2 of 2"
        assert lines["hours"].strip() == "0.02 of 0.03"
        assert lines["RTFx"].strip() == "52.0"
        assert lines["worst"].strip() == "trust  0.25 (a.wav)"

    def test_asks_no_more_of_a_server_that_does_not_judge_calls(
        self, named_api: ScriptedApi, folder: Path
    ) -> None:
        take_batch(named_api)
        named_api.answers["GET", f"{PATH}/review"].clear()
        named_api.refuse("GET", f"{PATH}/review", status=404, code="not_found", detail="No such route.")

        result = run(folder, "--wait")

        assert result.exit_code == 0
        assert "worst trust" not in result.stdout

    def test_fails_if_one_does(self, named_api: ScriptedApi, folder: Path) -> None:
        take_batch(named_api, request_counts={"total": 2, "completed": 1, "failed": 1})
        trouble = {"code": "audio_empty", "message": "The recording holds no audio."}
        line = json.dumps(item(2, custom_id="b.wav", status="failed", error=trouble))
        named_api.answer_text("GET", f"{PATH}/errors", line)

        result = run(folder, "--wait")

        assert result.exit_code == 1
        assert "failed       1" in result.stdout
        assert "b.wav: The recording holds no audio." in result.stderr

    def test_puts_transcripts_into_a_folder(
        self, named_api: ScriptedApi, folder: Path, tmp_path: Path
    ) -> None:
        take_batch(named_api)
        have_results(named_api, ["a.wav", "b.wav"])

        result = run(folder, "--out", tmp_path / "out", "--format", "json,txt")

        assert result.exit_code == 0
        assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
            "a.json",
            "a.txt",
            "b.json",
            "b.txt",
        ]
        assert json.loads((tmp_path / "out" / "a.json").read_text())["utterances"]
        assert (tmp_path / "out" / "b.txt").read_text() == "text of b.wav\n"

    def test_shows_bars_where_somebody_watches(
        self, named_api: ScriptedApi, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("TERM", "xterm")
        take_batch(named_api)
        named_api.answers["GET", PATH].appendleft(Given(200, json.dumps(batch(progress=0.5)).encode()))

        result = run(folder, "--wait")

        assert "2/2 files · 10 bytes/10 bytes" in result.stderr
        assert "2/2 calls · 0.0/0.0 h · RTFx 52" in result.stderr
