"""A folder of recordings on the real API, with somebody who transcribes them."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.commands.batch import app as batch_app
from cli.main import app
from client import Client, NewItem, Source, SubmitOptions
from core.database import SessionFactory
from core.errors import Conflict, NotFound
from tests.integration.cli.stand_in import Crew

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    calls = tmp_path / "recordings"
    for name in ("2026-03-02/17.wav", "2026-03-02/18.wav", "19.wav"):
        path = calls / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode() * 1_000)
    return calls


@pytest.fixture
def named(address: str, key: str, tmp_path: Path) -> dict[str, str]:
    """What the environment of the program says."""
    return {
        "CALLSCRIBE_API_URL": address,
        "CALLSCRIBE_API_KEY": key,
        "CALLSCRIBE_STATE_DIR": str(tmp_path / "state"),
    }


def run(named: dict[str, str], *words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], env={**named, "COLUMNS": "200"})


@pytest.fixture
def sent(named: dict[str, str], folder: Path, sessions: SessionFactory) -> uuid.UUID:
    """The batch of the folder."""
    return uuid.UUID(run(named, "submit", folder, "--roles", "left=agent", "--name", "March").stdout.strip())


class TestFolder:
    def test_is_a_batch_of_all_its_recordings(self, client: Client, crew: Crew, sent: uuid.UUID) -> None:
        crew.work()
        batch = client.batches.get(sent)

        assert (batch.name, batch.status, batch.request_counts.total) == ("March", "completed", 3)
        assert {item.custom_id for item in client.batches.items(sent)} == {
            "19.wav",
            "2026-03-02/17.wav",
            "2026-03-02/18.wav",
        }
        assert {job.lane for job in client.jobs()} == {"bulk"}
        assert next(client.batches.newest(limit=1)).id == sent

    def test_is_one_batch_when_it_is_given_again(
        self, named: dict[str, str], crew: Crew, folder: Path, sent: uuid.UUID
    ) -> None:
        again = run(named, "submit", folder, "--roles", "left=agent", "--name", "March")

        assert again.stdout.strip() == str(sent)
        assert crew.work() == 3

    def test_is_read_when_it_is_heard(
        self, named: dict[str, str], client: Client, crew: Crew, sent: uuid.UUID, tmp_path: Path
    ) -> None:
        assert crew.work() == 3

        waited = run(named, "batch", "wait", sent)
        run(named, "export", sent, "--out", tmp_path / "calls.csv")
        printed = run(named, "batch", "results", sent)

        assert waited.exit_code == 0
        with (tmp_path / "calls.csv").open(encoding="utf-8-sig", newline="") as file:
            assert {row["custom_id"] for row in csv.DictReader(file)} == {
                "19.wav",
                "2026-03-02/17.wav",
                "2026-03-02/18.wav",
            }
        assert len([json.loads(line) for line in printed.stdout.split("\n") if line]) == 3
        results = list(client.batches.results(sent))
        assert {result.transcript.utterances[0].text for result in results} == {"Hello."}

    def test_is_written_into_a_folder(
        self,
        named: dict[str, str],
        crew: Crew,
        folder: Path,
        sent: uuid.UUID,
        tmp_path: Path,
    ) -> None:
        crew.work()
        words = ["submit", folder, "--roles", "left=agent", "--name", "March"]

        result = run(named, *words, "--out", tmp_path / "out", "--format", "json,srt,txt,csv")

        assert result.exit_code == 0, result.output
        assert json.loads((tmp_path / "out" / "2026-03-02" / "17.json").read_text())["utterances"]
        assert "Hello." in (tmp_path / "out" / "2026-03-02" / "17.srt").read_text()
        assert "您好。" in (tmp_path / "out" / "19.txt").read_text()
        assert (tmp_path / "out" / "calls.csv").exists()


class TestBatches:
    def test_tell_what_did_not_work(
        self, named: dict[str, str], client: Client, crew: Crew, sent: uuid.UUID
    ) -> None:
        client.batches.cancel(sent)
        crew.work()

        assert client.batches.get(sent).status == "canceled"
        assert {item.custom_id for item in client.batches.errors(sent)} == {
            "19.wav",
            "2026-03-02/17.wav",
            "2026-03-02/18.wav",
        }
        assert CliRunner().invoke(batch_app, ["wait", str(sent)], env=named).exit_code == 1

    def test_refuse_an_item_that_they_have(self, client: Client, crew: Crew, folder: Path) -> None:
        batch = client.batches.create(is_open=True)
        item = NewItem(
            "19", upload_id=client.uploads.put(folder / "19.wav"), options=SubmitOptions(lane="live")
        )

        first, again = client.batches.add(batch.id, [item]), client.batches.add(batch.id, [item])

        assert (first.accepted, again.accepted) == (1, 0)
        assert [refused.code for refused in again.refused] == ["duplicate_custom_id"]
        assert client.batches.get(batch.id).request_counts.refused == 0
        crew.work()
        assert next(client.jobs()).lane == "live"

    def test_are_made_of_a_manifest_that_the_server_reads(
        self, client: Client, crew: Crew, folder: Path, tmp_path: Path
    ) -> None:
        manifest = tmp_path / "manifest.jsonl"
        upload_id = client.uploads.put(folder / "19.wav")
        manifest.write_text(json.dumps({"custom_id": "19", "upload_id": str(upload_id)}) + "\n")
        source = Source("manifest", upload_id=client.uploads.put(manifest), form="jsonl")

        batch = client.batches.create(source=source, defaults=SubmitOptions(script="hans", roles="agent"))
        crew.work()

        (result,) = client.batches.results(batch.id)
        assert result.custom_id == "19"
        assert client.batches.wait(batch.id).is_completed
        assert [call.custom_id for call in client.batches.review(batch.id)] == ["19"]

    def test_take_nothing_once_they_are_closed(self, client: Client, folder: Path, sent: uuid.UUID) -> None:
        client.batches.close(sent)

        with pytest.raises(Conflict):
            client.batches.add(sent, [NewItem("20", upload_id=client.uploads.put(folder / "19.wav"))])

    def test_are_one_under_one_key(self, client: Client) -> None:
        first, again = (client.batches.create(is_open=True, key="b-1") for _ in range(2))

        assert first.id == again.id

    def test_of_nobody_are_absent(self, client: Client) -> None:
        with pytest.raises(NotFound):
            client.batches.get(uuid.uuid4())


class TestExample:
    def test_makes_a_table_of_a_folder(
        self, named: dict[str, str], crew: Crew, folder: Path, tmp_path: Path
    ) -> None:
        url, key = named["CALLSCRIBE_API_URL"], named["CALLSCRIBE_API_KEY"]
        words = [sys.executable, "docs/examples/bulk.py", url, key, str(folder), str(tmp_path / "out")]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}

        program = subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        while program.poll() is None:
            crew.work()

        printed, _ = program.communicate()
        assert program.returncode == 0
        with (tmp_path / "out" / "calls.csv").open(encoding="utf-8-sig", newline="") as file:
            assert {row["call"] for row in csv.DictReader(file)} == {"17.wav", "18.wav", "19.wav"}
        assert "3 of 3" in printed
