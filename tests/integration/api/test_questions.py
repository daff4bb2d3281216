"""Some of what `callscribe bench api_fuzz` asks: valid and invalid requests, single and linked."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path

import pytest

from api.settings import ApiSettings
from benchmarks.questions import asked, counts_in, settle, write_settings
from core.database import SessionFactory
from models.transcript_content import as_json
from tests.integration.api import stages
from tests.integration.api.conftest import OWNER, issue_key
from tests.integration.api.live import served
from tests.integration.api.test_transcripts import CONTENT


@pytest.mark.slow
def test_every_answer_is_one_that_the_document_knows(
    api_settings: ApiSettings, sessions: SessionFactory, tmp_path: Path
) -> None:
    # Nobody works on what is handed over: who waits for it is sent home at once.
    limits = {"rate_limit": 0, "transcription_timeout": timedelta(seconds=0.1)}
    with served(api_settings.model_copy(update=limits), issue_key(sessions, OWNER)) as api:
        with api.client() as http:
            estate = settle(http)
        for job_id in estate.jobs:
            stages.complete(sessions, uuid.UUID(job_id), as_json(CONTENT))
        write_settings(tmp_path / "schemathesis.toml", estate)

        answer = asked(
            f"http://127.0.0.1:{api.port}",
            api.key,
            tmp_path / "schemathesis.toml",
            *("--phases", "fuzzing,stateful", "--max-examples", "3", "--generation-deterministic"),
        )

    assert (answer.returncode, counts_in(answer.stdout)["failures"]) == (0, 0), answer.stdout[-8_000:]
    assert counts_in(answer.stdout)["operations"] == 39
    assert counts_in(answer.stdout)["cases"] > 100
