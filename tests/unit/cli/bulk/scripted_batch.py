"""A scripted API that takes batches: what a whole submission of a few files needs."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence

from tests.unit.cli.scripted_api import Given, ScriptedApi, transcript
from tests.unit.client.batch_answers import BATCH_ID, batch, item

PATH = f"/v1/batches/{BATCH_ID}"
UPLOAD_ID = "7d0f8a70-43f2-43ad-9f0f-7e3b8f9a2c55"


def job_of(number: int) -> str:
    return str(uuid.UUID(int=number))


def take_batch(api: ScriptedApi, **ended: object) -> None:
    """Every file is taken; the batch is over at the first look, as `ended` says."""
    upload = {"id": UPLOAD_ID, "url": f"{api.url}/storage", "expires_at": "2026-11-22T13:00:00Z"}
    api.answer("POST", "/v1/batches", batch(status="open"), status=201)
    api.answer("POST", "/v1/uploads", upload, status=201)
    api.give("PUT", "/storage", Given(200, b""))
    api.answer("POST", f"{PATH}/items", {"accepted": 1, "refused": []})
    api.answer("POST", f"{PATH}/close", batch())
    api.answer("GET", PATH, batch(**({"status": "completed"} | ended)))
    reviewed = {"custom_id": "a.wav", "job_id": job_of(1), "trust": 0.25, "flags": [{"code": "loop"}]}
    api.answer("GET", f"{PATH}/review", {"data": [reviewed]})


def have_results(api: ScriptedApi, custom_ids: Sequence[str]) -> None:
    """Each is completed."""
    numbered = list(enumerate(custom_ids, start=1))
    items = [item(number, custom_id=each, job_id=job_of(number)) for number, each in numbered]
    api.answer("GET", f"{PATH}/items", {"data": items, "has_more": False, "next_cursor": None})
    lines = [json.dumps(result(number, each), ensure_ascii=False) for number, each in numbered]
    api.answer_text("GET", f"{PATH}/results", "\n".join(lines) + "\n")
    for number, each in numbered:
        api.answer_text("GET", f"/v1/jobs/{job_of(number)}/transcript", f"text of {each}\n")


def result(number: int, custom_id: str, **changes: object) -> Mapping[str, object]:
    said = {**transcript(), "text": "您好。\nHow can I help?", **changes}
    line = {
        "number": number,
        "custom_id": custom_id,
        "job_id": job_of(number),
        "filename": custom_id,
        "metadata": {"n": number},
    }
    return {**line, "transcript": said}
