from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from cli.progress import await_end, send
from client import Client, Job, Patience, SubmitOptions
from tests.unit.cli.scripted_api import COMPLETED, JOB_ID, ScriptedApi, job


@pytest.fixture
def client(api: ScriptedApi) -> Iterator[Client]:
    with Client(api.access, Patience(pause=lambda _: None)) as client:
        yield client


@pytest.fixture(autouse=True)
def able_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bars are drawn on terminals that can; where the tests run it may be none."""
    monkeypatch.setenv("TERM", "xterm")


class Screen(Console):
    """A console whose output can be read."""

    def __init__(self, *, terminal: bool) -> None:
        self.shown = io.StringIO()
        super().__init__(file=self.shown, width=120, force_terminal=terminal, color_system=None)

    def lines(self) -> list[str]:
        """All that was drawn, without the cursor's movements."""
        drawn = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.shown.getvalue())
        return [line for line in re.split(r"[\r\n]+", drawn) if line]


class TestSending:
    def test_shows_how_much_was_sent(self, api: ScriptedApi, client: Client, tmp_path: Path) -> None:
        api.answer("POST", "/v1/jobs", job(), status=202)
        recording = tmp_path / "[red] call.wav"
        recording.write_bytes(bytes(300_000))
        screen = Screen(terminal=True)

        send(screen, client, recording, SubmitOptions())

        assert "[red] call.wav" in screen.shown.getvalue()
        assert "300.0/300.0 kB" in screen.shown.getvalue()

    def test_shows_nothing_where_nobody_watches(
        self, api: ScriptedApi, client: Client, tmp_path: Path
    ) -> None:
        api.answer("POST", "/v1/jobs", job(), status=202)
        recording = tmp_path / "call.wav"
        recording.write_bytes(b"RIFF")
        screen = Screen(terminal=False)

        send(screen, client, recording, SubmitOptions())

        assert screen.shown.getvalue() == ""

    def test_says_that_it_sends_once_more(self, api: ScriptedApi, client: Client, tmp_path: Path) -> None:
        api.refuse("POST", "/v1/jobs", status=503, code="storage_unavailable", detail="It is away.")
        api.answer("POST", "/v1/jobs", job(), status=202)
        recording = tmp_path / "[red] call.wav"
        recording.write_bytes(b"RIFF")
        screen = Screen(terminal=False)

        send(screen, client, recording, SubmitOptions())

        assert screen.lines() == ["[red] call.wav: It is away. (request r-1) Sending it again."]


class TestAwaiting:
    def test_shows_the_stage_and_ends_with_the_status(self, api: ScriptedApi, client: Client) -> None:
        api.answer("GET", f"/v1/jobs/{JOB_ID}", job(status="processing", stage="transcribing", progress=0.4))
        api.answer("GET", f"/v1/jobs/{JOB_ID}", job(**COMPLETED))
        screen = Screen(terminal=True)

        ended = await_end(screen, client, Job.model_validate(job()))

        assert ended.is_completed
        name, *_, percent, status, _elapsed = screen.lines()[-1].split()
        assert (name, percent, status) == ("call.wav", "100%", "completed")
