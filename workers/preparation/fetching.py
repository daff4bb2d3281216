"""A recording is fetched from where its caller said, and kept in storage from then on."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Final

from core.errors import EmptyRecording, FetchFailed, FetchRefused, PayloadTooLarge, RemoteFailure
from core.outbound.addresses import AddressRules
from core.outbound.client import Incoming, OutboundClient, Request
from core.outbound.connection import Deadline
from submission.fetching import check_fetch
from workers.stages import HeldStage

LATER: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
"""Of the answers that are the asker's fault, those that may be others the next time."""

LONGEST_SILENCE_S: Final = 30.0


def fetch(held: HeldStage, url: str, target: Path) -> int:
    """Bytes, which are in the file then. A permanent error is the address' or the server's word.

    A `RemoteFailure` hands the job back; the last try of it is `FetchFailed`.
    """
    settings = held.process.settings
    check_fetch(url, settings)
    try:
        return _fetch(held, url, target)
    except RemoteFailure as error:
        if held.job.retry_count + 1 < settings.fetch.attempts:
            raise
        raise FetchFailed(f"{error} That was tried {settings.fetch.attempts} times.") from error


def _fetch(held: HeldStage, url: str, target: Path) -> int:
    outbound, seconds = held.process.settings.outbound, held.process.settings.fetch.timeout.total_seconds()
    client = OutboundClient(
        AddressRules.of(outbound), ca_file=outbound.ca_file, resolver=held.process.resolver
    )
    # A server that drips or says nothing must not look like a worker that is wedged.
    deadline = Deadline(seconds, longest_step=LONGEST_SILENCE_S, on_step=held.beat)
    with client.open(Request("GET", url, {"Accept": "*/*"}), deadline=deadline) as incoming:
        _check(incoming.status)
        size = _write(incoming, target, limit=held.process.settings.max_recording_bytes)
    if size == 0:
        raise EmptyRecording
    return size


def _write(incoming: Incoming, target: Path, *, limit: int) -> int:
    """What the server says of the length is not believed."""
    size = 0
    with target.open("wb") as file:
        for piece in incoming.pieces:
            size += len(piece)
            if size > limit:
                raise PayloadTooLarge
            file.write(piece)
    return size


def _check(status: int) -> None:
    if status == HTTPStatus.OK:
        return
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in LATER:
        raise RemoteFailure(f"The recording's server answered {status}.")
    redirects = "; redirects are not followed" if 300 <= status < 400 else ""
    raise FetchRefused(f"The recording's server answered {status}{redirects}.")
