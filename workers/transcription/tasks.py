"""transcribe.batch"""

from __future__ import annotations

import uuid
from functools import cache

from core.broker import TaskName
from core.errors import CheckpointUnavailable
from workers.app import app
from workers.process import this_process
from workers.transcription.device import Device


@cache
def this_device() -> Device:
    """This process' device; loaded at the first call, which is made before the worker takes hints."""
    process = this_process()
    if process.settings.worker_model is None:
        raise CheckpointUnavailable("This worker was started without a model.")
    return Device.load(process, process.settings.worker_model)


@app.task(name=TaskName.TRANSCRIBE.value)
def transcribe_batch(device_batch_id: str) -> str:
    """Claim and run one device batch; a stale hint costs one query."""
    summary = this_device().run(uuid.UUID(device_batch_id))
    return str(summary) if summary else "nothing to do"
