"""prepare.recording"""

from __future__ import annotations

import uuid

from core.broker import TaskName
from workers.app import app
from workers.preparation.stage import prepare_recording
from workers.process import this_process


@app.task(name=TaskName.PREPARE.value)
def prepare(job_id: str) -> str:
    """Decode, find speech and cut one recording; a stale hint costs one query."""
    return prepare_recording(this_process(), uuid.UUID(job_id))
