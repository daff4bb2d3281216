"""Object storage: one bucket of an S3-compatible store, and what its failures are called here."""

from __future__ import annotations

import base64
import copy
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from core.errors import ObjectMissing, PayloadTooLarge, StorageUnavailable, UploadIncomplete
from core.gate import Gate
from core.settings import StorageSettings
from core.storage_encryption import ask_for_encryption, headers_of

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

PART_BYTES: Final = 5 * 1024 * 1024
"""Size of the parts of a streamed upload: what S3 wants at least, as each upload at once holds two."""

CONNECT_WITHIN_S: Final = 3
BLOCK_BYTES: Final = 256 * 1024
"""What is read of a download at a time."""

_ABSENT: Final = frozenset({"404", "NoSuchKey", "NoSuchUpload", "NotFound"})
_NOT_PUT_TOGETHER: Final = frozenset({"InvalidPart", "InvalidPartOrder", "EntityTooSmall"})


@contextmanager
def _named_failures(key: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code")
        if code in _ABSENT:
            raise ObjectMissing(f"No object {key}.") from error
        if code in _NOT_PUT_TOGETHER:
            raise UploadIncomplete("A part is missing, too small, or not the one of this ETag.") from error
        raise StorageUnavailable from error
    except (BotoCoreError, Boto3Error) as error:
        raise StorageUnavailable from error


def _client(settings: StorageSettings, endpoint_url: str | None) -> S3Client:
    key, secret = settings.access_key_id, settings.secret_access_key
    client = boto3.client(
        "s3",
        endpoint_url=endpoint_url,
        region_name=settings.region,
        aws_access_key_id=key.get_secret_value() if key else None,
        aws_secret_access_key=secret.get_secret_value() if secret else None,
        # None is what certifi has, or AWS_CA_BUNDLE names; there is no way to leave a certificate unchecked.
        verify=str(settings.ca_file) if settings.ca_file else None,
        config=Config(
            signature_version="s3v4",
            # Other stores than AWS have no host name for each bucket.
            s3={"addressing_style": "path" if endpoint_url else "auto"},
            retries={"mode": "standard", "total_max_attempts": settings.attempts},
            connect_timeout=CONNECT_WITHIN_S,
            read_timeout=settings.answer_timeout.total_seconds(),
            max_pool_connections=32,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    ask_for_encryption(client, settings)
    return client


@dataclass(frozen=True, slots=True)
class StoredObject:
    key: str
    size_bytes: int
    modified_at: datetime
    """By the store's clock; of what came in parts, when its first or its last one did."""
    sha256: str | None = None
    """Hex, where the store was told it and has checked it; lists do not say."""


@dataclass(frozen=True, slots=True)
class ObjectPage:
    objects: Sequence[StoredObject]
    is_last: bool


@dataclass(frozen=True, slots=True)
class UnfinishedUpload:
    """Parts that lie in the store and are no object yet."""

    key: str
    upload_id: str
    begun_at: datetime


@dataclass(frozen=True, slots=True)
class PresignedPut:
    url: str
    headers: dict[str, str]
    """Signed along: whoever puts must send them just so."""


class MultipartUpload:
    """An object that is written in parts; absent until `complete`. Used by one thread at a time."""

    def __init__(self, storage: ObjectStorage, key: str, upload_id: str | None = None) -> None:
        """With an id, the one that was begun before; its `etags` are for its holder to tell."""
        self.storage = storage
        self.key = key
        self.upload_id = upload_id or self._begun()
        self.etags: list[str] = []

    def _begun(self) -> str:
        with self.storage.asked(self.key) as client:
            return client.create_multipart_upload(Bucket=self.storage.bucket, Key=self.key)["UploadId"]

    def write_part(self, part: bytes | bytearray) -> None:
        """At least 5 MiB, but for the last one. Not copied: it must stay as it is meanwhile."""
        with self.storage.asked(self.key) as client:
            answer = client.upload_part(
                Bucket=self.storage.bucket,
                Key=self.key,
                UploadId=self.upload_id,
                PartNumber=len(self.etags) + 1,
                Body=part,  # type: ignore[arg-type]
            )
        self.etags.append(answer["ETag"])

    def complete(self) -> None:
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(self.etags, start=1)]
        with self.storage.asked(self.key) as client:
            client.complete_multipart_upload(
                Bucket=self.storage.bucket,
                Key=self.key,
                UploadId=self.upload_id,
                MultipartUpload={"Parts": parts},  # type: ignore[typeddict-item]
            )

    def forget(self) -> None:
        """The same where it may be gone already."""
        with suppress(ObjectMissing):
            self.abort()

    def abort(self) -> None:
        with self.storage.asked(self.key) as client:
            client.abort_multipart_upload(Bucket=self.storage.bucket, Key=self.key, UploadId=self.upload_id)


class ObjectStorage:
    """Thread-safe. `StorageUnavailable` when the store does not answer, `ObjectMissing` for absent keys."""

    def __init__(self, settings: StorageSettings, *, gate: Gate | None = None) -> None:
        """With a gate, requests fail at once while the store hangs; `ping` asks it all the same."""
        self.bucket = settings.bucket
        self._gate = gate
        self.signed_along = headers_of(settings)
        self.client = _client(settings, settings.endpoint_url)
        # A presigned URL carries the host name it was signed for.
        self.public = _client(settings, settings.public_endpoint_url or settings.endpoint_url)

    @contextmanager
    def asked(self, key: str) -> Iterator[S3Client]:
        """For one request; its failures come out under our names."""
        with self._gate.entered() if self._gate else nullcontext(), _named_failures(key):
            yield self.client

    def put(self, key: str, body: bytes | bytearray) -> None:
        with self.asked(key) as client:
            client.put_object(Bucket=self.bucket, Key=key, Body=body)  # type: ignore[arg-type]

    def put_file(self, key: str, path: Path) -> None:
        """In parts where they are many."""
        with self.asked(key) as client:
            if path.stat().st_size > PART_BYTES:
                client.upload_file(str(path), self.bucket, key)
                return
            # `upload_file` starts and ends threads each time, which takes longer than the request.
            with path.open("rb") as file:
                client.put_object(Bucket=self.bucket, Key=key, Body=file)

    def begin_multipart(self, key: str) -> MultipartUpload:
        return MultipartUpload(self, key)

    def read(self, key: str, *, first_byte: int, last_byte: int) -> bytes:
        """One stretch of an object; both ends inclusive."""
        with self.asked(key) as client:
            answer = client.get_object(Bucket=self.bucket, Key=key, Range=f"bytes={first_byte}-{last_byte}")
            return answer["Body"].read()

    def download(self, key: str, path: Path, *, limit_bytes: int) -> None:
        """Write an object to a file; one that is larger than the limit is `PayloadTooLarge`."""
        with self.asked(key) as client:
            answer = client.get_object(Bucket=self.bucket, Key=key)
            with closing(answer["Body"]) as body:
                if answer["ContentLength"] > limit_bytes:
                    raise PayloadTooLarge
                with path.open("wb") as file:
                    file.writelines(body.iter_chunks(BLOCK_BYTES))

    def copy(self, key: str, target: str, *, from_bucket: str | None = None) -> None:
        """Within the store: the bytes do not come by here. In parts where they are many."""
        with self.asked(key) as client:
            client.copy({"Bucket": from_bucket or self.bucket, "Key": key}, self.bucket, target)

    def of_bucket(self, bucket: str) -> ObjectStorage:
        """Another bucket of the same store, as the same user."""
        other = copy.copy(self)
        other.bucket = bucket
        return other

    def head(self, key: str) -> StoredObject:
        with self.asked(key) as client:
            answer = client.head_object(Bucket=self.bucket, Key=key, ChecksumMode="ENABLED")
        checksum = answer.get("ChecksumSHA256")
        return StoredObject(
            key,
            answer["ContentLength"],
            answer["LastModified"],
            sha256=_hex_of(checksum) if checksum else None,
        )

    def sha256_of(self, key: str) -> str:
        """Hex, from reading all of it, a block at a time."""
        digest = hashlib.sha256()
        with self.asked(key) as client:
            answer = client.get_object(Bucket=self.bucket, Key=key)
            with closing(answer["Body"]) as body:
                for block in body.iter_chunks(BLOCK_BYTES):
                    digest.update(block)
        return digest.hexdigest()

    def keys(self, prefix: str) -> list[str]:
        with self.asked(prefix) as client:
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def page(self, prefix: str, *, after: str = "", limit: int = 1000) -> ObjectPage:
        """At most 1,000 objects whose keys begin so, in the order of their keys."""
        with self.asked(prefix) as client:
            answer = client.list_objects_v2(
                Bucket=self.bucket, Prefix=prefix, StartAfter=after, MaxKeys=limit
            )
        found = [
            StoredObject(item["Key"], item["Size"], item["LastModified"])
            for item in answer.get("Contents", [])
        ]
        return ObjectPage(found, is_last=not answer["IsTruncated"])

    def unfinished(self, prefix: str) -> list[UnfinishedUpload]:
        """The first 1,000, in no order that all stores share."""
        with self.asked(prefix) as client:
            answer = client.list_multipart_uploads(Bucket=self.bucket, Prefix=prefix)
        return [
            UnfinishedUpload(item["Key"], item["UploadId"], item["Initiated"])
            for item in answer.get("Uploads", [])
        ]

    def abort(self, upload: UnfinishedUpload) -> None:
        """Idempotent."""
        with suppress(ObjectMissing), self.asked(upload.key) as client:
            client.abort_multipart_upload(Bucket=self.bucket, Key=upload.key, UploadId=upload.upload_id)

    def delete_many(self, keys: Sequence[str]) -> None:
        """At most 1,000, in one request. Idempotent; raises `StorageUnavailable` if some are left."""
        with self.asked(keys[0]) as client:
            answer = client.delete_objects(
                Bucket=self.bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
            )
        if errors := answer.get("Errors"):
            raise StorageUnavailable(f"Object storage kept {len(errors)} objects that were to be deleted.")

    def delete(self, key: str) -> None:
        """Idempotent: an absent object is as good as a deleted one."""
        with self.asked(key) as client:
            client.delete_object(Bucket=self.bucket, Key=key)

    def delete_all(self, prefix: str) -> None:
        for key in self.keys(prefix):
            self.delete(key)

    def presign_put(
        self, key: str, *, expires_in: timedelta, size_bytes: int | None = None, sha256: str | None = None
    ) -> PresignedPut:
        """Lets its holder PUT this one object for a while; of this size and digest (hex), if they are given.

        The size is signed as Content-Length, which a client sends by itself, and the digest as a header
        that the store holds against the bytes.
        """
        params: dict[str, object] = {"Bucket": self.bucket, "Key": key}
        headers = dict(self.signed_along)
        if size_bytes is not None:
            params["ContentLength"] = size_bytes
        if sha256 is not None:
            params["ChecksumSHA256"] = headers["x-amz-checksum-sha256"] = base64_of(sha256)
        seconds = int(expires_in.total_seconds())
        url = self.public.generate_presigned_url("put_object", Params=params, ExpiresIn=seconds)
        return PresignedPut(url, headers)

    def presign_part(
        self, key: str, upload_id: str, number: int, *, size_bytes: int, expires_in: timedelta
    ) -> str:
        """A URL that lets its holder PUT one part, of just this size, as often as need be."""
        return self.public.generate_presigned_url(
            "upload_part",
            Params={
                "Bucket": self.bucket,
                "Key": key,
                "UploadId": upload_id,
                "PartNumber": number,
                "ContentLength": size_bytes,
            },
            ExpiresIn=int(expires_in.total_seconds()),
        )

    def ping(self) -> None:
        """Raise `StorageUnavailable` unless the bucket answers."""
        try:
            with _named_failures(self.bucket):
                self.client.head_bucket(Bucket=self.bucket)
        except ObjectMissing as error:
            raise StorageUnavailable(f"Object storage has no bucket {self.bucket}.") from error


def base64_of(digest: str) -> str:
    """As S3 wants digests, from hex."""
    return base64.b64encode(bytes.fromhex(digest)).decode()


def _hex_of(checksum: str) -> str | None:
    """None for what is no digest of the whole: `...-3`, a digest of digests of parts."""
    try:
        return base64.b64decode(checksum, validate=True).hex()
    except ValueError:
        return None
