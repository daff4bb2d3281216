"""The Celery application of the workers. Its tasks are thin: an id in, a summary out."""

from __future__ import annotations

from core.broker import create_app
from workers.settings import WorkerSettings

app = create_app(WorkerSettings())
app.conf.imports = (
    "workers.lifecycle",
    "workers.preparation.tasks",
    "workers.transcription.tasks",
    "workers.finishing.tasks",
    "workers.delivery.tasks",
)
