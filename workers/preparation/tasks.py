"""prepare.recording"""

from __future__ import annotations

import uuid
from functools import cache

from core.broker import TaskName
from workers.app import app
from workers.preparation.spare_decoder import SpareDecoder
from workers.preparation.stage import prepare_recording
from workers.process import this_process


@cache
def this_spare() -> SpareDecoder:
    """This process' own."""
    return SpareDecoder(this_process().settings.decoder)


@app.task(name=TaskName.PREPARE.value)
def prepare(job_id: str) -> str:
    """Decode, find speech and cut one recording; a stale hint costs one query."""
    spare = this_spare()
    summary = prepare_recording(this_process(), uuid.UUID(job_id), spare=spare)
    # Now that nobody waits: started while a recording is prepared, it would take its time.
    spare.get_ready()
    return summary
