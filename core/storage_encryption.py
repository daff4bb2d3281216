"""The store is asked to encrypt whatever is written, in the one place that all writes go through."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import TYPE_CHECKING, Final, TypeAlias

from core.settings import StorageSettings

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

WRITES: Final = ("PutObject", "CreateMultipartUpload", "CopyObject")
"""All operations that make an object; parts are encrypted as was asked for when their upload was begun."""

Parameters: TypeAlias = MutableMapping[str, object]


def headers_of(settings: StorageSettings) -> dict[str, str]:
    """As they are sent over HTTP: what is presigned must be sent with them."""
    if settings.encryption == "none":
        return {}
    headers: dict[str, str] = {"x-amz-server-side-encryption": settings.encryption}
    if settings.encryption_key_id is not None:
        headers["x-amz-server-side-encryption-aws-kms-key-id"] = settings.encryption_key_id
    return headers


def ask_for_encryption(client: S3Client, settings: StorageSettings) -> None:
    """From now on, also where the client presigns a write, or makes it out of several requests."""
    for operation in WRITES:
        client.meta.events.register(f"provide-client-params.s3.{operation}", _asking(settings))


def _asking(settings: StorageSettings) -> Callable[..., None]:
    wanted: dict[str, str] = {}
    if settings.encryption != "none":
        wanted["ServerSideEncryption"] = settings.encryption
        if settings.encryption_key_id is not None:
            wanted["SSEKMSKeyId"] = settings.encryption_key_id

    def ask(params: Parameters, **_: object) -> None:
        params.update(wanted)

    return ask
