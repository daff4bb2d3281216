"""What the workers and the dispatcher read from their environment."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, Field

from core.settings import BrokerSettings
from workers.preparation.decoder.limits import DecoderLimits


class ProbedSettings(BrokerSettings):
    """For processes that no probe can ask over HTTP."""

    alive_file: Path | None = None
    """A file that is touched every few seconds while the process moves on; empty means none."""


class DeliverySettings(BaseModel):
    """How webhooks are sent."""

    timeout: timedelta = timedelta(seconds=30)
    """From looking up the receiver's name to the last byte of its answer."""
    schedule: tuple[timedelta, ...] = Field(
        default=(
            timedelta(0),
            timedelta(seconds=5),
            timedelta(minutes=5),
            timedelta(minutes=30),
            timedelta(hours=2),
            timedelta(hours=5),
            timedelta(hours=10),
            timedelta(hours=14),
            timedelta(hours=20),
            timedelta(hours=24),
        ),
        min_length=1,
    )
    """Pauses before the attempts, the first of which is made at once; after the last a delivery fails."""
    jitter: float = Field(default=0.2, ge=0, lt=1)
    """Share by which each pause is made longer or shorter at random."""
    retry_after_limit: timedelta = timedelta(hours=1)
    """The longest pause that a receiver may ask for by Retry-After."""
    disable_after: timedelta = timedelta(days=5)
    """A webhook that took nothing for this long is disabled, and its owner told."""
    api_url: str | None = None
    """The API as receivers reach it, `https://…` without a slash at the end; put before links in events."""

    @property
    def forget_failures_after(self) -> timedelta:
        """Longer than any pause between two attempts."""
        return 2 * max(self.schedule)


class WorkerSettings(ProbedSettings):
    worker_model: str | None = None
    """The model that a transcribe worker loads; empty in the workers of the other queues."""
    quit_grace: timedelta = timedelta(seconds=25)
    """What SIGQUIT leaves to running work."""
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
    delivery: DeliverySettings = Field(default_factory=DeliverySettings)
    reader_threads: int = 8
    """Parallel reads of chunks from object storage."""


class DispatcherSettings(ProbedSettings):
    poll_every: timedelta = timedelta(milliseconds=500)
    """How long the dispatcher sleeps if Postgres does not wake it."""
    reap_every: timedelta = timedelta(seconds=1)
    """How often it looks for leases that ran out."""
    hint_window: int = 16
    """Jobs of one lane and stage that may be announced at once; bounds what lies in the broker."""
    purge_every: timedelta = timedelta(minutes=1)
    """How often rows are looked for that nobody asks for any more."""
    sweep_every: timedelta = timedelta(hours=1)
    """How often storage is gone through for objects that no row refers to."""
    sweep_grace: timedelta = Field(default=timedelta(days=1), ge=timedelta(hours=1))
    """Age before which an object is left alone; above the longest upload and `upload_url_ttl`."""
    keep_audio: timedelta | None = Field(default=None, ge=timedelta(0))
    """How long recordings stay after their job ended, of owners without a policy; empty: until deleted."""
    keep_transcripts: timedelta | None = Field(default=None, ge=timedelta(0))
    """The same of transcripts and all else; `callscribe owners set` gives an owner a policy."""
    keep_chunks: timedelta = Field(default=timedelta(days=7), ge=timedelta(0))
    """How long chunks and hypotheses stay after their job ended; the transcript needs none of them."""
    keep_device_batches: timedelta = Field(default=timedelta(days=30), ge=timedelta(0))
    """How long rows of device batches stay after their end."""
    keep_uploads: timedelta = Field(default=timedelta(days=7), ge=timedelta(0))
    """How long rows of uploads stay after their end; a job has taken over what it needs."""
    keep_events: timedelta = Field(default=timedelta(days=90), ge=timedelta(days=7))
    """How long events and deliveries stay; above the `delivery` schedule."""
