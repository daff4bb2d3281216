"""GET /v1/jobs/{id}/transcript"""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from core.database import SessionFactory
from models.base import JsonObject
from models.transcript_content import TranscriptContent, as_json
from tests.integration.api import stages
from tests.integration.api.conftest import submit
from workers.finishing.metrics.call import Call, Voice
from workers.finishing.metrics.measuring import measure
from workers.finishing.metrics.spans import Span
from workers.finishing.quality.heard import HeardCall, HeardChunk
from workers.finishing.quality.judging import judge

CONTENT: TranscriptContent = {
    "object": "transcript",
    "job_id": "7f9c0ad1-0000-4000-8000-000000000000",
    "model": "scripted",
    "text": "您好,请讲。",
    "duration_ms": 5000,
    "language": "zh",
    "language_source": "given",
    "language_confidence": None,
    "channels": [{"index": 0, "role": "agent", "duration_ms": 5000, "speech_ms": 2000, "findings": []}],
    "segments": [
        {
            "id": 0,
            "channel": 0,
            "role": "agent",
            "start_ms": 1000,
            "end_ms": 3000,
            "text": "您好,请讲。",
            "confidence": 0.9,
            "language": "zh",
            "language_source": "given",
            "language_confidence": None,
            "finish_reason": "eos",
        }
    ],
    "utterances": [
        {
            "channel": 0,
            "role": "agent",
            "start_ms": 1000,
            "end_ms": 3000,
            "text": "您好,请讲。",
            "confidence": 0.9,
            "segments": [0],
        }
    ],
    "metrics": measure(Call(5_000, [Voice(0, "agent", [Span(1_000, 3_000)], ["您好,请讲。"])])),
    "quality": judge(HeardCall([HeardChunk(0, Span(1_000, 3_000), 2_000, "您好,请讲。", 0.9, 6)])),
    "timestamp_source": "vad",
    "engine": {"version": "scripted", "dtype": "float32"},
    "options": {
        "model": "scripted",
        "language": "zh",
        "script": "as_is",
        "lane": "live",
        "roles": {"0": "agent"},
    },
    "timings_ms": {"queued": 1, "preparing": 2, "waiting": 3, "transcribing": 4},
    "warnings": [],
}


@pytest.fixture
def content() -> JsonObject:
    return as_json(CONTENT)


class TestTranscript:
    def test_is_json_unless_asked_for_otherwise(
        self, client: TestClient, sessions: SessionFactory, content: JsonObject
    ) -> None:
        job_id = submit(client)
        stages.complete(sessions, job_id, content)

        answer = client.get(f"/v1/jobs/{job_id}/transcript")

        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
        assert answer.json() == content
        assert "您好" in answer.text

    @pytest.mark.parametrize(
        ("form", "media_type", "line"),
        [
            ("text", "text/plain; charset=utf-8", "[00:00:01] agent: 您好,请讲。"),
            ("srt", "application/x-subrip; charset=utf-8", "00:00:01,000 --> 00:00:03,000"),
            ("vtt", "text/vtt; charset=utf-8", "00:00:01.000 --> 00:00:03.000"),
        ],
    )
    def test_comes_in_other_forms(
        self,
        *,
        client: TestClient,
        sessions: SessionFactory,
        content: JsonObject,
        form: str,
        media_type: str,
        line: str,
    ) -> None:
        job_id = submit(client)
        stages.complete(sessions, job_id, content)

        answer = client.get(f"/v1/jobs/{job_id}/transcript?format={form}")

        assert answer.headers["Content-Type"] == media_type
        assert line in answer.text

    @pytest.mark.parametrize("query", ["format=docx", "format=", "fromat=srt"])
    def test_in_an_unknown_form_is_refused(self, client: TestClient, query: str) -> None:
        answer = client.get(f"/v1/jobs/{submit(client)}/transcript?{query}")

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")

    def test_of_a_job_that_is_not_done_is_not_ready(
        self, client: TestClient, sessions: SessionFactory
    ) -> None:
        job_id = submit(client)
        stages.prepare(sessions, job_id)

        answer = client.get(f"/v1/jobs/{job_id}/transcript")

        assert (answer.status_code, answer.json()["code"]) == (409, "transcript_not_ready")
        assert "transcribing" in answer.json()["detail"]

    def test_of_a_failed_job_will_never_be_and_says_why(
        self, client: TestClient, sessions: SessionFactory
    ) -> None:
        job_id = submit(client)
        stages.fail(sessions, job_id)

        answer = client.get(f"/v1/jobs/{job_id}/transcript")

        assert (answer.status_code, answer.json()["code"]) == (409, "transcript_not_ready")
        assert "could not be decoded" in answer.json()["detail"]

    def test_of_a_canceled_job_will_never_be(self, client: TestClient) -> None:
        job_id = submit(client)
        client.post(f"/v1/jobs/{job_id}/cancel")

        answer = client.get(f"/v1/jobs/{job_id}/transcript")

        assert answer.status_code == 409
        assert "canceled" in answer.json()["detail"]

    def test_of_an_expired_job_will_never_be(self, client: TestClient, sessions: SessionFactory) -> None:
        job_id = submit(client)
        stages.expire(sessions, job_id)

        answer = client.get(f"/v1/jobs/{job_id}/transcript")

        assert answer.status_code == 409
        assert "deadline" in answer.json()["detail"]
