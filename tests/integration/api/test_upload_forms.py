"""Uploads by a form: what its policy lets in, held by the store."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, cast

import httpx
import pytest
from starlette.testclient import TestClient

from api.uploads.schemas import UploadForm
from client.uploads import Upload as Begun
from core.presigned_form import presigned_form
from core.storage import ObjectStorage
from tests.integration.api.conftest import ClientFactory, objects_of
from tests.integration.api.test_sized_uploads import OTHER, PART, code_of
from tests.integration.api.test_uploads import CONTENT, begin, submitted

DIGEST: Final = hashlib.sha256(CONTENT).hexdigest()
ENCRYPTION: Final = "x-amz-server-side-encryption"
CHECKSUM: Final = "x-amz-checksum-sha256"


def form_of(client: TestClient, upload: Begun) -> UploadForm:
    return UploadForm.model_validate(client.get(f"/v1/uploads/{upload.id}").json()["form"])


def posted(
    form: UploadForm, content: bytes = CONTENT, *, changes: Mapping[str, str | None] | None = None
) -> httpx.Response:
    """With other fields, or without those that are None."""
    fields = form.fields | dict(changes or {})
    data = {name: value for name, value in fields.items() if value is not None}
    return httpx.post(form.url, data=data, files={"file": ("call.wav", content, "audio/wav")})


def policy_of(form: UploadForm) -> dict[str, list[object]]:
    return cast(dict[str, list[object]], json.loads(base64.b64decode(form.fields["policy"])))


class TestForm:
    def test_of_no_known_size_becomes_a_job(
        self, client: TestClient, storage: ObjectStorage, owner_id: uuid.UUID
    ) -> None:
        upload = begin(client, filename="call.wav")

        answer = posted(form_of(client, upload))

        assert answer.status_code == 204, answer.text
        job = submitted(client, upload)
        assert (job.status_code, job.json()["source"]["size_bytes"]) == (202, len(CONTENT))
        [key] = objects_of(storage, owner_id)
        assert storage.read(key, first_byte=0, last_byte=len(CONTENT)) == CONTENT

    def test_of_an_announced_size_and_digest_becomes_a_job(self, client: TestClient) -> None:
        upload = begin(client, size_bytes=len(CONTENT), sha256=DIGEST)

        assert posted(form_of(client, upload)).status_code == 204
        assert submitted(client, upload).status_code == 202

    def test_asks_the_store_for_encryption(
        self, client: TestClient, storage: ObjectStorage, owner_id: uuid.UUID
    ) -> None:
        posted(form_of(client, begin(client)))

        [key] = objects_of(storage, owner_id)
        assert storage.client.head_object(Bucket=storage.bucket, Key=key)["ServerSideEncryption"] == "AES256"

    def test_names_the_sizes_it_takes(self, client_with: ClientFactory) -> None:
        client = client_with(max_upload_bytes=5000)

        open_one = policy_of(form_of(client, begin(client)))["conditions"]
        sized = policy_of(form_of(client, begin(client, size_bytes=1004)))["conditions"]

        assert ["content-length-range", 1, 5000] in open_one
        assert ["content-length-range", 1004, 1004] in sized

    def test_is_there_for_what_goes_in_one_piece_and_is_waited_for(self, client_with: ClientFactory) -> None:
        client = client_with(upload_part_bytes=PART)
        small, large = begin(client), begin(client, size_bytes=PART + 1)
        posted(form_of(client, small))
        submitted(client, small)

        assert client.get(f"/v1/uploads/{large.id}").json()["form"] is None
        assert client.get(f"/v1/uploads/{small.id}").json()["form"] is None


class TestRefusedByTheStore:
    """Nothing of it is kept."""

    @pytest.mark.parametrize("content", [b"", bytes(2001)])
    def test_what_is_empty_or_too_long(self, client_with: ClientFactory, content: bytes) -> None:
        client = client_with(max_upload_bytes=2000)
        upload = begin(client)

        assert posted(form_of(client, upload), content).status_code == 400
        assert code_of(submitted(client, upload)) == (409, "upload_incomplete")

    @pytest.mark.parametrize("content", [CONTENT + b"1", CONTENT[:-1]])
    def test_another_size_than_was_announced(self, client: TestClient, content: bytes) -> None:
        upload = begin(client, size_bytes=len(CONTENT))

        assert posted(form_of(client, upload), content).status_code == 400
        assert code_of(submitted(client, upload)) == (409, "upload_incomplete")

    def test_a_form_that_leaves_encryption_out_or_asks_for_another_one(
        self, client: TestClient, storage: ObjectStorage, owner_id: uuid.UUID
    ) -> None:
        form = form_of(client, begin(client))

        answers = [posted(form, changes={ENCRYPTION: value}).status_code for value in (None, "aws:kms")]

        assert answers == [403, 403]
        assert objects_of(storage, owner_id) == []

    def test_another_key(self, client: TestClient, storage: ObjectStorage, owner_id: uuid.UUID) -> None:
        form = form_of(client, begin(client))

        answers = [
            posted(form, changes={"key": f"recordings/{owner_id}/{name}"}).status_code
            for name in ("a", "../a")
        ]

        assert answers == [403, 400]
        assert objects_of(storage, owner_id) == []

    def test_fields_that_were_not_signed(
        self, client: TestClient, storage: ObjectStorage, owner_id: uuid.UUID
    ) -> None:
        form = form_of(client, begin(client))

        assert posted(form, changes={"x-amz-meta-note": "mine"}).status_code == 403
        assert objects_of(storage, owner_id) == []

    def test_strangers_though_a_form_would_let_them_in(
        self, client: TestClient, storage: ObjectStorage, owner_id: uuid.UUID
    ) -> None:
        form = form_of(client, begin(client))
        # AWS refuses the field; SeaweedFS takes no notice of it.
        assert posted(form, changes={"acl": "public-read"}).status_code == 204

        assert httpx.get(f"{form.url}/{form.fields['key']}").status_code == 403

    def test_a_policy_that_was_changed(self, client: TestClient) -> None:
        form = form_of(client, begin(client))
        wider = policy_of(form) | {"expiration": "2099-01-01T00:00:00Z"}

        answer = posted(form, changes={"policy": base64.b64encode(json.dumps(wider).encode()).decode()})

        assert answer.status_code == 403

    def test_a_form_whose_time_is_over(self, storage: ObjectStorage, owner_id: uuid.UUID) -> None:
        key = f"recordings/{owner_id}/late"
        late = presigned_form(
            storage, key, sizes=range(1, 9999), sha256=None, expires_in=timedelta(seconds=-5)
        )

        answer = posted(UploadForm(url=late.url, fields=late.fields))

        assert answer.status_code == 403
        assert objects_of(storage, owner_id) == []


class TestDigest:
    def test_of_other_content_is_refused_by_the_store(
        self, client: TestClient, storage: ObjectStorage, owner_id: uuid.UUID
    ) -> None:
        upload = begin(client, size_bytes=len(CONTENT), sha256=OTHER)

        assert posted(form_of(client, upload)).status_code == 400
        assert objects_of(storage, owner_id) == []

    def test_must_be_sent(self, client: TestClient) -> None:
        form = form_of(client, begin(client, size_bytes=len(CONTENT), sha256=DIGEST))

        assert posted(form, changes={CHECKSUM: None}).status_code == 403
