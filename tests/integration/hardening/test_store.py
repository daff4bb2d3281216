"""What each identity of deploy/s3 may do at the store, and what the bucket takes from nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

import httpx
import pytest
import trustme
from botocore.exceptions import ClientError

from core.errors import StorageUnavailable
from core.storage import MultipartUpload, ObjectStorage
from embedded.seaweedfs import BUCKET
from tests.integration.hardening import stores
from tests.integration.hardening.stores import Store

Request: TypeAlias = Callable[[ObjectStorage, str], object]

FOLDERS: Final = ("recordings/", "prepared/", "elsewhere/")
ALLOWED: Final = {
    "api": {
        "recordings/": {"put", "parts", "copy", "read", "head", "delete", "abort"},
        "prepared/": {"delete"},
    },
    "dispatcher": {"recordings/": {"delete", "abort"}, "prepared/": {"delete", "abort"}},
    "prepare": {
        "recordings/": {"put", "parts", "copy", "read", "head", "delete", "abort"},
        "prepared/": {"put", "parts", "copy", "abort"},
    },
    "transcribe": {"prepared/": {"read", "head"}},
}
"""And to tell which objects there are."""


def put_in_parts(storage: ObjectStorage, folder: str) -> None:
    upload = storage.begin_multipart(f"{folder}parts")
    upload.write_part(b"RIFF")
    upload.complete()


REQUESTS: Final[dict[str, Request]] = {
    "put": lambda storage, folder: storage.put(f"{folder}new", b"RIFF"),
    "parts": put_in_parts,
    "copy": lambda storage, folder: storage.copy("recordings/there", f"{folder}copy"),
    "read": lambda storage, folder: storage.read(f"{folder}there", first_byte=0, last_byte=3),
    "head": lambda storage, folder: storage.head(f"{folder}there"),
    "delete": lambda storage, folder: storage.delete_many([f"{folder}gone"]),
    "abort": lambda storage, folder: MultipartUpload(storage, f"{folder}begun", begun[folder]).abort(),
}
begun: dict[str, str] = {}
"""By folder, the upload of somebody else that is in parts."""


@pytest.fixture
def objects(store: Store) -> Iterator[None]:
    """Something of each kind in each folder."""
    operator = store.as_role("operator")
    for folder in FOLDERS:
        operator.put(f"{folder}there", b"RIFF")
        operator.put(f"{folder}gone", b"RIFF")
        begun[folder] = operator.begin_multipart(f"{folder}begun").upload_id
    yield
    operator.delete_all("")


def may(storage: ObjectStorage, request: Request, folder: str) -> bool:
    try:
        request(storage, folder)
    except StorageUnavailable:
        return False
    return True


@pytest.mark.parametrize("role", ALLOWED)
def test_an_identity_may_do_its_work_and_no_more(store: Store, objects: None, role: str) -> None:
    storage = store.as_role(role)

    done = {
        folder: {name for name, request in REQUESTS.items() if may(storage, request, folder)}
        for folder in FOLDERS
    }

    assert {folder: names for folder, names in done.items() if names} == ALLOWED[role]
    assert storage.keys("recordings/")
    storage.ping()


@pytest.mark.parametrize("role", ALLOWED)
def test_only_the_dispatcher_looks_for_unfinished_uploads(store: Store, objects: None, role: str) -> None:
    found = may(store.as_role(role), ObjectStorage.unfinished, "recordings/")

    assert found == (role == "dispatcher")


@pytest.mark.parametrize("role", ALLOWED)
def test_nobody_changes_the_rules(store: Store, role: str) -> None:
    client = store.as_role(role).client

    with pytest.raises(ClientError, match="AccessDenied"):
        client.delete_bucket_policy(Bucket=BUCKET)
    with pytest.raises(ClientError, match="AccessDenied"):
        client.delete_bucket(Bucket=BUCKET)


@pytest.mark.parametrize("role", ALLOWED)
def test_the_file_of_the_store_has_the_policies_of_the_others(role: str) -> None:
    policies = {each["name"]: each["document"] for each in stores.rules("seaweedfs")["policies"]}

    assert policies[role] == stores.rules(f"policies/{role}")


class TestBucket:
    def test_takes_nothing_over_a_connection_that_can_be_read_along(self, store: Store) -> None:
        plain = ObjectStorage(store.settings("api", plain=True))

        with pytest.raises(StorageUnavailable):
            plain.put("recordings/plain", b"RIFF")

    def test_of_amazon_asks_for_encryption_too(self) -> None:
        """SeaweedFS 4.48 takes that for a ban on all writes by whoever has a policy of his own."""
        here, there = stores.rules("bucket-policy"), stores.rules("bucket-policy-encrypted")

        over_tls, encrypted = there["Statement"]
        assert here["Statement"] == [over_tls]
        assert encrypted["Condition"] == {"Null": {"s3:x-amz-server-side-encryption": "true"}}

    @pytest.mark.parametrize(
        ("origin", "answer"), [("https://calls.example", 200), ("https://evil.example", 403)]
    )
    def test_is_put_to_by_pages_of_the_origin_that_was_named(
        self, store: Store, origin: str, answer: int
    ) -> None:
        operator = store.as_role("operator")
        operator.client.put_bucket_cors(Bucket=BUCKET, CORSConfiguration=stores.rules("cors"))

        asked = httpx.options(
            f"http://localhost:{store.plain_port}/{BUCKET}/recordings/x",
            headers={
                "Origin": origin,
                "Access-Control-Request-Method": "PUT",
                "Access-Control-Request-Headers": "content-type, x-amz-server-side-encryption",
            },
            trust_env=False,
        )

        assert asked.status_code == answer

    def test_understands_that_nothing_of_it_is_public(self, store: Store) -> None:
        """SeaweedFS has no such switch, and no way to be public unless a policy says so."""
        client = store.as_role("operator").client

        with pytest.raises(ClientError, match="NotImplemented"):
            client.put_public_access_block(
                Bucket=BUCKET,
                PublicAccessBlockConfiguration=stores.rules("public-access-block"),
            )


class TestTls:
    def test_a_store_that_nobody_vouches_for_is_told_nothing(self, store: Store, tmp_path: Path) -> None:
        stranger = tmp_path / "stranger.pem"
        trustme.CA().cert_pem.write_to_path(str(stranger))

        for ca_file in (stranger, None):
            with pytest.raises(StorageUnavailable) as refused:
                ObjectStorage(store.settings("api", ca_file=ca_file)).ping()
            assert "CERTIFICATE_VERIFY_FAILED" in str(refused.value.__cause__)

    def test_a_store_under_another_name_is_told_nothing(self, store: Store) -> None:
        elsewhere = store.settings("api", endpoint_url=f"https://127.0.0.1:{store.port}")

        with pytest.raises(StorageUnavailable) as refused:
            ObjectStorage(elsewhere).ping()
        assert "127.0.0.1" in str(refused.value.__cause__)
