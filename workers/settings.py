"""What the workers and the dispatcher read from their environment."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic import Field

from core.settings import BrokerSettings
from workers.preparation.limits import DecoderLimits


class ProbedSettings(BrokerSettings):
    """For processes that no probe can ask over HTTP."""

    alive_file: Path | None = None
    """A file that is touched every few seconds while the process moves on; empty means none."""


class WorkerSettings(ProbedSettings):
    worker_model: str | None = None
    """The model that a transcribe worker loads; empty in the workers of the other queues."""
    heartbeat_every: timedelta = timedelta(seconds=15)
    """How often a lease is renewed; a quarter of `lease_ttl`."""
    stall_after: timedelta = timedelta(seconds=120)
    """Work that has not moved on for this long is taken to be wedged: its process exits."""
    retry_pause: timedelta = timedelta(seconds=2)
    """First pause after a dependency was away; doubles up to a minute."""
    scratch_dir: Path | None = None
    """Where recordings lie while they are prepared; empty means the system's temporary directory."""
    max_recording_bytes: int = 2 * 1024**3
    """What preparation downloads at most."""
    decoder: DecoderLimits = Field(default_factory=DecoderLimits)
    """What one recording may cost: CALLSCRIBE_DECODER__AUDIO_SECONDS and its neighbours."""
    reader_threads: int = 8
    """Parallel reads of chunks from object storage."""


class DispatcherSettings(ProbedSettings):
    poll_every: timedelta = timedelta(milliseconds=500)
    """How long the dispatcher sleeps if Postgres does not wake it."""
    reap_every: timedelta = timedelta(seconds=1)
    """How often it looks for leases that ran out."""
    hint_window: int = 16
    """Jobs of one lane and stage that may be announced at once; bounds what lies in the broker."""
