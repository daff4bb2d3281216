"""The Celery application of the workers. Its tasks are thin: an id in, a summary out."""

from __future__ import annotations

from core.broker import create_app
from workers.settings import WorkerSettings

settings = WorkerSettings()
app = create_app(settings)
# After SIGTERM running work may end; after SIGQUIT it has this long.
app.conf.worker_soft_shutdown_timeout = settings.quit_grace.total_seconds()
app.conf.imports = (
    "workers.lifecycle",
    "workers.preparation.tasks",
    "workers.transcription.tasks",
    "workers.finishing.tasks",
    "workers.delivery.tasks",
    "workers.batches.tasks",
)
