"""What is left of an erased call: each row of each table, each object and each log is looked through."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from sqlalchemy import text

from benchmarks.systems import storage_of
from client import Client, NewItem, SubmitOptions
from core.database import SessionFactory
from core.storage import ObjectStorage
from embedded.system import System
from models import Record
from tests.acceptance.waiting import until

SECRETS: Final = {
    "file name": "wolpertinger-7391.wav",
    "metadata": "Elwetritsch",
    "custom id": "raurakl-0815",
    "webhook": "dilldapp",
}
"""Words that nothing else here has."""


def rows_with(sessions: SessionFactory, word: str) -> set[str]:
    """Tables of which some row has it, whichever column that is."""
    found = set()
    with sessions.begin() as session:
        for table in Record.metadata.sorted_tables:
            query = text(f"SELECT count(*) FROM {table.name} AS row WHERE position(:word IN row::text) > 0")
            if session.execute(query, {"word": word}).scalar_one():
                found.add(table.name)
    return found


def objects_with(storage: ObjectStorage, word: bytes) -> set[str]:
    found = set()
    for key in storage.keys(""):
        size = storage.head(key).size_bytes
        content = storage.read(key, first_byte=0, last_byte=size - 1) if size else b""
        if word in content or word in key.encode():
            found.add(key)
    return found


def logs_with(logs: Path, word: str) -> set[str]:
    return {path.name for path in logs.rglob("*.log") if word in path.read_text(errors="replace")}


def test_nothing_is_left_anywhere(
    *,
    system: System,
    client: Client,
    sessions: SessionFactory,
    marked_call: Callable[[int], Path],
    tmp_path: Path,
) -> None:
    storage = storage_of(system.stack)
    recording = tmp_path / SECRETS["file name"]
    audio = marked_call(137).read_bytes()
    recording.write_bytes(audio)
    upload = client.uploads.put(recording)
    options = SubmitOptions(
        metadata={"agent": SECRETS["metadata"]}, webhook_url=f"https://127.0.0.1:9/{SECRETS['webhook']}"
    )
    item = NewItem(SECRETS["custom id"], upload_id=upload, options=options)
    batch = client.batches.create([item])
    until(lambda: client.batches.get(batch.id).is_final)
    (result,) = client.batches.results(batch.id)
    words = {**SECRETS, "text": result.transcript.text.splitlines()[0]}
    sound = audio[len(audio) // 2 : len(audio) // 2 + 512]

    # That it would be found where it is.
    assert {kind: bool(rows_with(sessions, word)) for kind, word in words.items()} == dict.fromkeys(
        words, True
    )
    assert objects_with(storage, sound)
    assert objects_with(storage, str(result.job_id).encode())

    client.erase(result.job_id)

    # Whoever is still to be told of its end must be found.
    assert rows_with(sessions, words.pop("webhook")) <= {"deliveries"}
    kinds = {*words}
    assert [kind for kind in kinds if rows_with(sessions, words[kind])] == []
    assert objects_with(storage, sound) == objects_with(storage, str(result.job_id).encode()) == set()
    assert objects_with(storage, words["text"].encode()) == set()
    logs = system.stack.state.directory("logs")
    assert logs_with(logs, str(result.job_id))
    assert [kind for kind in kinds if logs_with(logs, words[kind])] == []
    assert rows_with(sessions, str(result.job_id)) >= {"jobs"}, "its tombstone"
