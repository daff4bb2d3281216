"""Items that do not come in the request: manifests, archives, prefixes; read on wherever a worker stopped."""

from __future__ import annotations

import io
import uuid
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from core.database import SessionFactory
from core.storage import ObjectStorage
from models import Batch, Job, Recording
from models.base import JsonObject
from models.repositories.stored_objects import StoredObjects
from tests.integration.batches.conftest import IMPORTS, admitted, counts_of, items_of, jsonl, made
from workers.batches import stage
from workers.batches.stage import admit_batch
from workers.process import Process

Uploaded = Callable[..., str]


def zipped(members: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def manifest(uploaded: Uploaded, content: bytes, form: str) -> JsonObject:
    return {"type": "manifest", "format": form, "upload_id": uploaded(content, f"manifest.{form}")}


class TestManifest:
    def test_a_csv_file_has_an_item_a_row(
        self, client: TestClient, process: Process, uploaded: Uploaded
    ) -> None:
        rows = (
            f"custom_id,upload_id,agent,metadata.lane\na,{uploaded()},Kim,left\nb,{uploaded()},,\nc,,Lee,\n"
        )
        batch_id = made(client, source=manifest(uploaded, rows.encode(), "csv"))

        admitted(process, batch_id)

        first, second, third = items_of(client, batch_id)
        assert (first["status"], first["metadata"]) == ("queued", {"agent": "Kim", "lane": "left"})
        assert (second["status"], second["metadata"]) == ("queued", {})
        assert (third["status"], third["custom_id"]) == ("refused", "c")

    def test_a_jsonl_file_has_an_item_a_line(
        self, client: TestClient, process: Process, uploaded: Uploaded
    ) -> None:
        lines = jsonl([{"custom_id": "a", "upload_id": uploaded()}]) + b"\n{broken\n[]\n"
        batch_id = made(client, source=manifest(uploaded, lines, "jsonl"))

        admitted(process, batch_id)

        assert counts_of(client, batch_id) == {"total": 3, "queued": 1, "refused": 2}

    @pytest.mark.parametrize("form", ["csv", "jsonl"])
    def test_is_read_on_where_the_last_worker_stopped(
        self,
        client: TestClient,
        process: Process,
        uploaded: Uploaded,
        monkeypatch: pytest.MonkeyPatch,
        form: str,
    ) -> None:
        monkeypatch.setattr(stage, "PAGE", 3)
        names = [f"call {number}" for number in range(10)]
        content = {
            "csv": ("custom_id,url\n" + "".join(f"{name},s3://no/where\n" for name in names)).encode(),
            "jsonl": jsonl([{"custom_id": name, "url": "s3://no/where"} for name in names]),
        }[form]
        batch_id = made(client, source=manifest(uploaded, content, form))

        for _ in range(5):
            admit_batch(process, batch_id, longest=timedelta(0))

        assert [item["custom_id"] for item in items_of(client, batch_id)] == names
        assert counts_of(client, batch_id) == {"total": 10, "refused": 10}

    @pytest.mark.parametrize(
        ("content", "read"),
        [
            (b'custom_id,url\na,s3://no/where\nb,"s3://no/where', 0),
            (b"custom_id,url\na,s3://no/\xff\xfe\n", 0),
            (b"", 0),
        ],
    )
    def test_one_that_cannot_be_read_is_told_of_the_batch(
        self, client: TestClient, process: Process, uploaded: Uploaded, content: bytes, read: int
    ) -> None:
        batch_id = made(client, source=manifest(uploaded, content, "csv"))

        admitted(process, batch_id)

        batch = client.get(f"/v1/batches/{batch_id}").json()
        assert (batch["error"]["code"], batch["request_counts"]["total"]) == ("unreadable_source", read)

    def test_one_that_was_never_sent_is_told_of_the_batch(self, client: TestClient, process: Process) -> None:
        upload_id = client.post("/v1/uploads", json={}).json()["id"]
        batch_id = made(client, source={"type": "manifest", "format": "csv", "upload_id": upload_id})

        admitted(process, batch_id)

        assert client.get(f"/v1/batches/{batch_id}").json()["error"]["code"] == "unreadable_source"


class TestZip:
    def test_every_file_is_an_item(
        self, client: TestClient, process: Process, sessions: SessionFactory, uploaded: Uploaded
    ) -> None:
        content = zipped({"a.wav": b"A", "deep/b.wav": b"BB", "__MACOSX/a.wav": b"", "deep/.DS_Store": b""})
        batch_id = made(client, source={"type": "zip", "upload_id": uploaded(content, "calls.zip")})

        admitted(process, batch_id)

        with sessions.begin() as session:
            rows = session.execute(
                select(Job.custom_id, Recording.filename, Recording.size_bytes, Recording.sha256)
                .join(Recording, Recording.id == Job.recording_id)
                .order_by(Job.custom_id)
            )
            assert [(name, filename, size) for name, filename, size, _ in rows] == [
                ("a.wav", "a.wav", 1),
                ("deep/b.wav", "b.wav", 2),
            ]

    def test_its_manifest_tells_more_of_them(
        self, client: TestClient, process: Process, uploaded: Uploaded
    ) -> None:
        rows = b"custom_id,file,agent\na,deep/b.wav,Kim\nb,missing.wav,Lee\n"
        content = zipped({"manifest.csv": rows, "deep/b.wav": b"BB", "unnamed.wav": b"C"})
        batch_id = made(client, source={"type": "zip", "upload_id": uploaded(content, "calls.zip")})

        admitted(process, batch_id)

        first, second = items_of(client, batch_id)
        assert (first["custom_id"], first["status"], first["metadata"]) == ("a", "queued", {"agent": "Kim"})
        assert (second["custom_id"], second["status"]) == ("b", "refused")

    def test_a_large_member_comes_in_parts(
        self,
        client: TestClient,
        process: Process,
        sessions: SessionFactory,
        storage: ObjectStorage,
        uploaded: Uploaded,
    ) -> None:
        body = bytes(range(256)) * 4096 * 9
        content = zipped({"a.wav": body})
        batch_id = made(client, source={"type": "zip", "upload_id": uploaded(content, "calls.zip")})

        admitted(process, batch_id)

        with sessions.begin() as session:
            recording = session.scalars(select(Recording)).one()
        stored = storage.read(recording.object_key, first_byte=0, last_byte=len(body) - 1)
        assert (recording.size_bytes, stored) == (len(body), body)

    def test_what_is_no_archive_is_told_of_the_batch(
        self, client: TestClient, process: Process, uploaded: Uploaded
    ) -> None:
        batch_id = made(client, source={"type": "zip", "upload_id": uploaded(b"no zip", "calls.zip")})

        admitted(process, batch_id)

        assert client.get(f"/v1/batches/{batch_id}").json()["error"]["code"] == "unreadable_source"

    def test_a_damaged_member_is_refused_alone(
        self, client: TestClient, process: Process, uploaded: Uploaded
    ) -> None:
        content = zipped({"a.wav": b"A" * 5_000, "b.wav": b"B" * 5_000})
        broken = content.replace(content[40:50], bytes(10), 1)
        batch_id = made(client, source={"type": "zip", "upload_id": uploaded(broken, "calls.zip")})

        admitted(process, batch_id)

        assert counts_of(client, batch_id) == {"total": 2, "queued": 1, "refused": 1}


class TestPrefix:
    @pytest.fixture
    def folder(self, storage: ObjectStorage) -> str:
        folder = f"{IMPORTS}{uuid.uuid4()}/"
        for name in ("1.wav", "2.WAV", "deep/3.wav", "notes.txt"):
            storage.put(folder + name, b"RIFF")
        return folder

    def made_of(self, client: TestClient, process: Process, folder: str, **fields: object) -> uuid.UUID:
        url = f"s3://{process.storage.bucket}/{folder}"
        return made(client, source={"type": "prefix", "url": url, **fields})

    def test_every_object_is_an_item(
        self,
        client: TestClient,
        process: Process,
        folder: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(stage, "PAGE", 2)
        batch_id = self.made_of(client, process, folder)

        for _ in range(4):
            admit_batch(process, batch_id, longest=timedelta(0))

        assert [item["custom_id"] for item in items_of(client, batch_id)] == [
            "1.wav",
            "2.WAV",
            "deep/3.wav",
            "notes.txt",
        ]
        assert counts_of(client, batch_id) == {"total": 4, "queued": 4}

    def test_only_those_that_end_as_wanted(
        self, client: TestClient, process: Process, folder: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        batch_id = self.made_of(client, process, folder, suffixes=[".wav"])

        admitted(process, batch_id)

        assert counts_of(client, batch_id) == {"total": 3, "queued": 3}

    def test_the_workers_ask_too_whether_they_may(
        self, client: TestClient, process: Process, folder: str
    ) -> None:
        """Their operator may have closed the place since."""
        batch_id = self.made_of(client, process, folder)
        storage = process.settings.storage.model_copy(update={"import_from": ()})
        settings = process.settings.model_copy(update={"storage": storage})

        admitted(replace(process, settings=settings), batch_id)

        assert client.get(f"/v1/batches/{batch_id}").json()["error"]["code"] == "unreadable_source"


def test_a_batch_that_is_read_needs_its_manifest_kept(
    client: TestClient, sessions: SessionFactory, uploaded: Uploaded
) -> None:
    source = {"type": "manifest", "format": "csv", "upload_id": uploaded(b"custom_id\n")}
    made(client, source=source)

    with sessions.begin() as session:
        key = session.scalars(select(Batch.source_key)).one()
        assert key is not None
        assert StoredObjects(session).wanted([key], grace=timedelta(0)) == {key}
