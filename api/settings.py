"""What the API process reads from its environment."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network

from pydantic import Field, SecretStr

from core.database import ANSWER_WITHIN_S
from core.settings import CoreSettings


class ApiSettings(CoreSettings):
    database_timeout: timedelta = timedelta(seconds=ANSWER_WITHIN_S)
    """How long Postgres may be silent before its connection is given up and the request answered with 503."""
    api_host: str = "127.0.0.1"
    """Only this machine, unless told otherwise."""
    api_port: int = Field(default=8080, ge=0, le=65_535)
    """0 takes any free one."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = (
        IPv4Network("127.0.0.0/8"),
        IPv6Network("::1/128"),
    )
    """From whom `X-Forwarded-For` is believed, as a JSON list; the audit log has the address it says."""
    rate_limit: int = Field(default=6000, ge=0)
    """Requests that a key may make a minute; 0 takes any number."""
    rate_limit_url: SecretStr | None = None
    """A Redis in which several API processes count together; empty lets each count for itself."""
    api_threads: int = Field(default=16, ge=2)
    """Requests that are worked on at once; the database pool has as many connections."""
    api_connections: int = Field(default=2_000, ge=1)
    """Connections at once; more are answered with 503. The process may need as many open files and some."""
    head_timeout: timedelta = timedelta(seconds=20)
    """How long the head of a request may take to come in before its connection is closed."""
    max_upload_bytes: int = Field(default=2 * 1024**3, ge=1)
    """Of one request's body, and of one object that was uploaded by presigned URL."""
    uploads_at_once: int = Field(default=12, ge=1)
    """Recordings received at the same time; more wait unread. Each holds two parts of 5 MiB at most."""
    upload_slot_timeout: timedelta = timedelta(seconds=30)
    """How long one that waits is kept waiting before it is answered with 503."""
    upload_stall_timeout: timedelta = timedelta(seconds=60)
    """How long a body may not move before its sender is taken for gone: others wait for its place."""
    upload_slowest: int = Field(default=16 * 1024, ge=0)
    """Bytes a second that any body must bring, in each stretch of `upload_stall_timeout`."""
    upload_part_bytes: int = Field(default=64 * 1024**2, ge=5 * 1024**2)
    """Size of the parts in which larger uploads are sent to storage; never more than a thousand."""
    upload_url_ttl: timedelta = timedelta(hours=1)
    """How long a presigned upload can be begun, and then made a job."""
    transcription_timeout: timedelta = timedelta(minutes=9, seconds=30)
    """How long `POST /v1/audio/transcriptions` waits; OpenAI's clients give up after ten minutes."""
    webhook_secret_overlap: timedelta = timedelta(hours=24)
    """How long a webhook's old secret signs along after it was rotated."""
    idempotency_ttl: timedelta = timedelta(hours=72)
    """How long a request can be sent again under its `Idempotency-Key`."""
