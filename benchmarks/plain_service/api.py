"""The HTTP side: a recording goes to disk, its path to the broker."""

from __future__ import annotations

import shutil
import uuid
from typing import Annotated

from celery.result import AsyncResult
from fastapi import FastAPI, File, Form, UploadFile

from benchmarks.plain_service.tasks import app as celery
from benchmarks.plain_service.tasks import settings, transcribe

app = FastAPI()


@app.post("/v1/jobs", status_code=202)
def submit(file: Annotated[UploadFile, File()], model: Annotated[str, Form()]) -> dict[str, str]:
    path = settings.recordings / f"{uuid.uuid4()}"
    with path.open("wb") as stored:
        shutil.copyfileobj(file.file, stored)
    return {"id": transcribe.delay(str(path)).id, "model": model}


@app.get("/v1/jobs/{job_id}")
def read(job_id: str) -> dict[str, object]:
    result: AsyncResult[dict[str, object]] = AsyncResult(job_id, app=celery)
    return {"status": result.status, "transcript": result.result if result.successful() else None}
