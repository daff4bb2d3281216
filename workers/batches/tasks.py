"""admit.batch"""

from __future__ import annotations

import uuid

from core.broker import TaskName
from workers.app import app
from workers.batches.stage import admit_batch
from workers.process import this_process


@app.task(name=TaskName.ADMIT.value)
def admit(batch_id: str) -> str:
    """Make jobs of some items of one batch; a stale hint costs one query."""
    return admit_batch(this_process(), uuid.UUID(batch_id))
