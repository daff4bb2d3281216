from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from cli.commands.status import status
from cli.commands.submit import submit
from cli.commands.transcript import transcript as transcript_command
from core.errors import TranscriptNotReady, Unauthenticated
from tests.unit.cli.scripted_api import COMPLETED, JOB_ID, ScriptedApi, job, transcript

JOB_PATH = f"/v1/jobs/{JOB_ID}"


def run(command: Callable[..., None], *arguments: object) -> Result:
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "call.wav"
    path.write_bytes(b"RIFF")
    return path


class TestSubmit:
    def test_prints_the_id_of_the_job(self, named_api: ScriptedApi, recording: Path) -> None:
        named_api.answer("POST", "/v1/jobs", job(), status=202)

        result = run(submit, recording)

        assert (result.exit_code, result.stdout) == (0, f"{JOB_ID}\n")

    def test_hands_over_what_was_asked_for(self, named_api: ScriptedApi, recording: Path) -> None:
        named_api.answer("POST", "/v1/jobs", job(), status=202)
        options = [
            "--model",
            "m",
            "--language",
            "zh",
            "--script",
            "hans",
            "--lane",
            "bulk",
            "--roles",
            "agent,customer",
        ]

        run(submit, recording, *options, "--metadata", "queue=refunds", "--metadata", "note=a=b")

        form = named_api.asked[0].form()
        assert json.loads(form.pop("metadata")) == {"queue": "refunds", "note": "a=b"}
        assert form == {
            "model": b"m",
            "language": b"zh",
            "script": b"hans",
            "lane": b"bulk",
            "roles": b"agent,customer",
            "file": b"RIFF",
        }

    @pytest.mark.parametrize("pair", ["refunds", "=refunds", ""])
    def test_refuses_metadata_without_a_key(self, named_api: ScriptedApi, recording: Path, pair: str) -> None:
        result = run(submit, recording, "--metadata", pair)

        assert result.exit_code == 2
        assert named_api.asked == []

    def test_waits_and_prints_the_dialogue(self, named_api: ScriptedApi, recording: Path) -> None:
        named_api.answer("POST", "/v1/jobs", job(), status=202)
        named_api.answer("GET", JOB_PATH, job(status="processing", stage="transcribing", progress=0.5))
        named_api.answer("GET", JOB_PATH, job(**COMPLETED))
        named_api.answer("GET", f"{JOB_PATH}/transcript", transcript())

        result = run(submit, recording, "--wait")

        assert result.exit_code == 0
        assert "0:00.3 agent       How can I help?" in result.stdout
        assert JOB_ID in result.stderr

    def test_fails_if_a_job_fails(self, named_api: ScriptedApi, recording: Path) -> None:
        named_api.answer("POST", "/v1/jobs", job(), status=202)
        error = {"code": "audio_undecodable", "message": "The recording could not be decoded."}
        named_api.answer("GET", JOB_PATH, job(status="failed", error=error))

        result = run(submit, recording, "--wait")

        assert result.exit_code == 1
        assert "call.wav: failed. The recording could not be decoded." in result.stderr

    def test_fails_if_a_job_expires(self, named_api: ScriptedApi, recording: Path) -> None:
        named_api.answer("POST", "/v1/jobs", job(), status=202)
        named_api.answer("GET", JOB_PATH, job(status="expired"))

        result = run(submit, recording, "--wait")

        assert result.exit_code == 1
        assert "call.wav: expired. Its deadline passed." in result.stderr

    def test_fails_if_the_recording_is_refused(self, named_api: ScriptedApi, recording: Path) -> None:
        named_api.refuse(
            "POST", "/v1/jobs", status=422, code="audio_empty", detail="The recording holds no audio."
        )

        result = run(submit, recording)

        assert (result.exit_code, result.stdout) == (1, "")
        assert f"{recording}: The recording holds no audio." in result.stderr

    def test_goes_no_further_without_a_valid_key(self, named_api: ScriptedApi, recording: Path) -> None:
        named_api.refuse("POST", "/v1/jobs", status=401, code="unauthenticated", detail="No.")

        result = run(submit, recording)

        assert isinstance(result.exception, Unauthenticated)

    @pytest.mark.parametrize(
        "arguments",
        [[], ["missing.wav"], ["--roles", "up=agent"], ["--format", "docx"], ["--manifest", "m.csv"]],
    )
    def test_refuses_what_cannot_be_meant_before_it_asks_anybody(
        self, named_api: ScriptedApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "m.csv").write_text("name\na.wav\n")
        (tmp_path / "call.wav").touch()
        if arguments and arguments[0] in {"--roles", "--format"}:
            arguments = ["call.wav", "--name", "one", *arguments]

        result = run(submit, *arguments)

        assert result.exit_code == 2
        assert named_api.asked == []


class TestStatus:
    def test_says_where_a_job_stands(self, named_api: ScriptedApi) -> None:
        standing = {"status": "processing", "stage": "transcribing", "progress": 0.43}
        timings = {"queued": 40, "total": None}
        named_api.answer("GET", JOB_PATH, job(**standing, timings_ms=timings))

        lines = [line.split(maxsplit=1) for line in run(status, JOB_ID).stdout.splitlines()]

        assert ["status", "transcribing 43%"] in [[line[0], line[-1].rstrip()] for line in lines]
        assert ["queued", "0.040 s"] in [[line[0], line[-1].rstrip()] for line in lines]
        assert "total" not in [line[0] for line in lines]

    def test_says_until_when_the_job_is_wanted(self, named_api: ScriptedApi) -> None:
        named_api.answer("GET", JOB_PATH, job())
        named_api.answer("GET", JOB_PATH, job(expires_at="2026-03-02T12:00:00Z"))

        unbounded, bounded = run(status, JOB_ID).stdout, run(status, JOB_ID).stdout

        assert "deadline" not in unbounded
        assert [line.split()[1][:5] for line in bounded.splitlines() if line.startswith("deadline")] == [
            "2026-"
        ]

    def test_says_why_a_job_failed(self, named_api: ScriptedApi) -> None:
        error = {"code": "audio_empty", "message": "The recording holds no audio."}
        named_api.answer("GET", JOB_PATH, job(status="failed", error=error))

        assert "The recording holds no audio. (audio_empty)" in run(status, JOB_ID).stdout

    def test_without_an_id_lists_the_newest_jobs(self, named_api: ScriptedApi) -> None:
        source = {"filename": "[old] call.wav", "duration_ms": 61_250}
        named_api.answer("GET", "/v1/jobs", {"data": [job(source=source, **COMPLETED)], "has_more": False})

        result = run(status, "--limit", "5")

        heading, row = result.stdout.splitlines()
        assert heading.split() == ["job", "submitted", "status", "recording"]
        assert row.startswith(JOB_ID)
        assert row.split()[3:] == ["completed", "[old]", "call.wav"]
        assert named_api.asked[0].query == {"limit": "5"}

    def test_can_answer_programs(self, named_api: ScriptedApi) -> None:
        named_api.answer("GET", JOB_PATH, job(mood="good"))
        named_api.answer("GET", "/v1/jobs", {"data": [job()], "has_more": False})

        assert json.loads(run(status, JOB_ID, "--json").stdout) == job(mood="good")
        assert json.loads(run(status, "--json").stdout) == [job()]


class TestTranscript:
    def test_is_printed_as_the_server_gives_it(self, named_api: ScriptedApi) -> None:
        named_api.answer_text("GET", f"{JOB_PATH}/transcript", "[00:00:00] agent: 您好\n")

        result = run(transcript_command, JOB_ID)

        assert result.stdout == "[00:00:00] agent: 您好\n"
        assert named_api.asked[0].query == {"format": "text"}

    def test_ends_its_last_line(self, named_api: ScriptedApi) -> None:
        named_api.answer_text("GET", f"{JOB_PATH}/transcript", "{}")

        assert run(transcript_command, JOB_ID, "--format", "json").stdout == "{}\n"

    def test_is_written_to_a_file(self, named_api: ScriptedApi, tmp_path: Path) -> None:
        named_api.answer_text("GET", f"{JOB_PATH}/transcript", "WEBVTT\n\n您好\n")

        result = run(transcript_command, JOB_ID, "--format", "vtt", "-o", tmp_path / "call.vtt")

        assert result.stdout == ""
        assert (tmp_path / "call.vtt").read_text(encoding="utf-8") == "WEBVTT\n\n您好\n"

    def test_refuses_forms_that_there_are_not(self, named_api: ScriptedApi) -> None:
        assert run(transcript_command, JOB_ID, "--format", "docx").exit_code == 2
        assert named_api.asked == []

    def test_of_a_job_that_is_not_done_is_refused(self, named_api: ScriptedApi) -> None:
        named_api.refuse(
            "GET", f"{JOB_PATH}/transcript", status=409, code="transcript_not_ready", detail="Not yet."
        )

        assert isinstance(run(transcript_command, JOB_ID).exception, TranscriptNotReady)


class TestStartUp:
    def test_is_quick_since_neither_database_nor_models_are_loaded(self) -> None:
        script = (
            "import sys, cli.commands.submit, cli.commands.batch, cli.commands.export, cli.commands.status;"
            "heavy = {'sqlalchemy', 'celery', 'fastapi', 'numpy', 'pyarrow', 'torch'};"
            "print(sorted(heavy & set(sys.modules)))"
        )

        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

        assert done.stdout == "[]\n"
