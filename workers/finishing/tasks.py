"""finish.job"""

from __future__ import annotations

import uuid

from core.broker import TaskName
from workers.app import app
from workers.finishing.stage import finish_job
from workers.process import this_process


@app.task(name=TaskName.FINISH.value)
def finish(job_id: str) -> str:
    """Put one transcript together; a stale hint costs one query."""
    return finish_job(this_process(), uuid.UUID(job_id))
