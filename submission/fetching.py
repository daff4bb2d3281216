"""`https://` addresses: recordings that a worker fetches before it prepares them."""

from __future__ import annotations

import re
import uuid
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from core.errors import ImportForbidden
from core.settings import CoreSettings
from models.recording import Recording
from submission.job_webhook import checked_target
from submission.recordings import place_of

SCHEMES: Final = ("https://", "http://")
ANY: Final = "*"

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def check_fetch(url: str, settings: CoreSettings) -> None:
    """Raises `InvalidRequest`, `ImportForbidden` or `AddressForbidden`; asks no resolver.

    No message tells more of the address than its host: the rest may be a secret.
    """
    if not settings.fetch.enabled:
        raise ImportForbidden("This installation fetches no recordings by URL.")
    host = checked_target(url, settings.outbound).host.rstrip(".")
    if not any(_is_of(host, allowed.lower()) for allowed in settings.fetch.hosts):
        raise ImportForbidden(f"This installation fetches no recordings from {host}.")


def _is_of(host: str, allowed: str) -> bool:
    return allowed in {ANY, host} or (allowed.startswith(".") and host.endswith(allowed))


def to_fetch(url: str, *, owner_id: uuid.UUID) -> Recording:
    """A recording that is not in storage yet. Not added yet."""
    recording = Recording(id=uuid.uuid4(), owner_id=owner_id, size_bytes=0, source_url=url)
    recording.object_key = place_of(recording)
    recording.filename = _CONTROL.sub("", PurePosixPath(unquote(urlsplit(url).path)).name)[:255] or None
    return recording


def shown(url: str) -> str:
    """Without its query, where signatures are."""
    return url.partition("?")[0]
