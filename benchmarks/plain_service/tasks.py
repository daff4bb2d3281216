"""The Celery side: one task that does everything, its result in Redis."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from celery import Celery

from benchmarks.plain_service.hearing import Hearing
from benchmarks.plain_service.settings import PlainSettings

settings = PlainSettings()
app = Celery("plain", broker=settings.broker_url, backend=settings.results_url)
# The one thing that Celery itself warns of if it is left out.
app.conf.broker_connection_retry_on_startup = True


@cache
def hearing() -> Hearing:
    """Loaded once in each process, as ours loads its network."""
    return Hearing()


@app.task(name="plain.transcribe")
def transcribe(path: str) -> dict[str, object]:
    recording = Path(path)
    transcript = hearing().transcript_of(recording)
    recording.unlink()
    return transcript
