"""How schemathesis asks the API: what it checks, and what it is told to be there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "unsupported_method",
    "ignored_auth",
)
STRICTER: Final = {
    "a cursor is one that was given": (
        "GET /v1/batches",
        "GET /v1/batches/{batch_id}/items",
        "GET /v1/events",
        "GET /v1/jobs",
        "GET /v1/webhooks",
        "GET /v1/webhooks/{webhook_id}/deliveries",
    ),
    "one field needs, or forbids, another": (
        "POST /v1/audio/transcriptions",
        "POST /v1/batches",
        "POST /v1/batches/{batch_id}/items",
        "POST /v1/jobs",
        "POST /v1/uploads",
        "POST /v1/uploads/{upload_id}/complete",
        "POST /v1/webhooks/{webhook_id}/replay",
    ),
    "an `Idempotency-Key` belongs to one request": ("POST /v1/jobs/{job_id}/retry",),
    "where webhooks may go": ("PATCH /v1/webhooks/{webhook_id}", "POST /v1/webhooks"),
}
"""What OpenAPI cannot say: these may refuse what the document allows."""
UNHURRIED: Final = "POST /v1/audio/transcriptions"
"""Answers 504 by design for what takes too long."""
ENDS: Final = ("DELETE /v1/jobs/{job_id}", "DELETE /v1/webhooks/{webhook_id}")
"""After these nothing is left to be asked about: they get things of their own."""
TAKEN: Final = ("2xx", "401", "403", "404", "409", "410", "429", "5xx")
"""What may be answered to a valid request; 410 is of what was erased meanwhile."""
MOSTLY: Final = 0.8
"""How often the others are asked about what is there."""


@dataclass(frozen=True, slots=True)
class Estate:
    """Ids of things that are there, by the names that paths have for them."""

    kept: Mapping[str, Sequence[str]]
    doomed: Mapping[str, Sequence[str]]
    """For those who delete."""

    @property
    def jobs(self) -> list[str]:
        return [*self.kept["job_id"], *self.doomed["job_id"]]


def settle(api: httpx.Client) -> Estate:
    """Make some of everything; what becomes of the jobs is the server's affair."""
    jobs = [_made(api, "/v1/jobs", files={"file": ("call.wav", b"RIFF")}) for _ in range(4)]
    hook = {"url": "https://hooks.example.com/calls", "event_types": ["job.expired"]}
    webhooks = [_made(api, "/v1/webhooks", json=hook) for _ in range(2)]
    return Estate(
        kept={
            "job_id": jobs[:2],
            "upload_id": [_made(api, "/v1/uploads", json={"size_bytes": 2**28}) for _ in range(4)],
            "batch_id": [_made(api, "/v1/batches", json={"open": True}) for _ in range(4)],
            "webhook_id": webhooks[:1],
            "delivery_id": [_made(api, f"/v1/webhooks/{webhooks[0]}/test") for _ in range(4)],
            "name": ["scripted"],
        },
        doomed={"job_id": jobs[2:], "webhook_id": webhooks[1:]},
    )


def _made(api: httpx.Client, path: str, **content: object) -> str:
    answer = api.post(path, **content)  # type: ignore[arg-type]
    answer.raise_for_status()
    return str(answer.json()["id"])


def write_settings(path: Path, estate: Estate) -> None:
    """As schemathesis.toml has them."""
    things = {f"kept-{name}": ids for name, ids in estate.kept.items()}
    things |= {f"doomed-{name}": ids for name, ids in estate.doomed.items()}
    lines = [f'[dictionaries."{name}"]\nvalues = {json.dumps(ids)}' for name, ids in things.items()]
    lines += ["[checks]", "enabled = false", *(f"{check}.enabled = true" for check in CHECKS)]
    lines += [f"positive_data_acceptance.expected-statuses = {json.dumps(TAKEN)}"]
    # Nobody waits for what nobody works on.
    lines += ["[parameters]", '"query.wait" = 0', _bound("body.upload_id", "kept-upload_id")]
    lines += [_bound(f"path.{name}", f"kept-{name}") for name in estate.kept]
    for operation in sorted({*ENDS, UNHURRIED, *sum(STRICTER.values(), ())}):
        lines += ["[[operations]]", f'include-name = "{operation}"', *_exceptions(operation, estate)]
    path.write_text("\n".join(lines))


def _exceptions(operation: str, estate: Estate) -> list[str]:
    lines = []
    if operation == UNHURRIED:
        lines += ['checks.not_a_server_error.expected-statuses = ["2xx", "4xx", 504]']
    if operation in sum(STRICTER.values(), ()):
        lines += ["checks.positive_data_acceptance.enabled = false"]
    if operation in ENDS:
        doomed = [name for name in estate.doomed if name in operation]
        lines += ["[operations.parameters]"]
        lines += [_bound(f"path.{name}", f"doomed-{name}", probability=1.0) for name in doomed]
    return lines


def _bound(parameter: str, dictionary: str, *, probability: float = MOSTLY) -> str:
    return f'"{parameter}" = {{dictionary = "{dictionary}", probability = {probability}}}'


def asked(url: str, key: str, settings: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """What it tells in the end; its status is 0 when nothing was found."""
    words = [sys.executable, "-m", "schemathesis.cli", "--no-color", "--config-file", str(settings)]
    words += ["run", f"{url}/openapi.json", "--header", f"Authorization: Bearer {key}"]
    words += ["--continue-on-failure", "--request-timeout", "30", *options]
    # What it keeps for its next run is not wanted: it goes where the settings go.
    return subprocess.run(words, capture_output=True, text=True, check=False, cwd=settings.parent)


def counts_in(told: str) -> dict[str, int]:
    """Of its summary."""

    def count(pattern: str) -> int:
        found = re.search(pattern, told)
        return int(found[1].replace(",", "")) if found else 0

    return {
        "operations": count(r"Tested: ([\d,]+)"),
        "cases": count(r"([\d,]+) generated"),
        "failures": count(r"generated.*?([\d,]+) (?:found )?(?:unique )?fail"),
        "broken_answers": count(r"Network Error: ([\d,]+)"),
        # Its own faults: what it could not go on asking.
        "broken_off": count(r"Runtime Error: ([\d,]+)"),
    }
