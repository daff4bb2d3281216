"""A form that puts one object into the store past us, within limits that the store enforces."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from core.storage import ObjectStorage, base64_of


@dataclass(frozen=True, slots=True)
class PresignedForm:
    url: str
    fields: dict[str, str]
    """All of them signed: whoever posts must send them just so, and before the file."""


def presigned_form(
    storage: ObjectStorage, key: str, *, sizes: range, sha256: str | None, expires_in: timedelta
) -> PresignedForm:
    """Of one of these sizes in bytes, and of this digest (hex), if there is one.

    Unlike a PUT it may leave the size open and is bounded all the same.
    """
    fields = dict(storage.signed_along)
    if sha256 is not None:
        fields["x-amz-checksum-sha256"] = base64_of(sha256)
    form = storage.public.generate_presigned_post(
        storage.bucket,
        key,
        Fields=dict(fields),
        Conditions=[
            *({name: value} for name, value in fields.items()),
            ["content-length-range", sizes[0], sizes[-1]],
        ],
        ExpiresIn=int(expires_in.total_seconds()),
    )
    return PresignedForm(form["url"], form["fields"])
