"""Which requests to the store ask for encryption."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from core.settings import StorageSettings
from core.storage import ObjectStorage
from core.storage_encryption import WRITES

NOT_A_WRITE = {"WriteGetObjectResponse", "CreateSession"}
"""An answer of S3 Object Lambda, and a way to log in to directory buckets."""


def storage(**changes: object) -> ObjectStorage:
    values = {
        "endpoint_url": "http://store.example",
        "access_key_id": SecretStr("a"),
        "secret_access_key": SecretStr("b"),
        **changes,
    }
    return ObjectStorage(StorageSettings.model_validate(values))


class TestWrites:
    def test_are_all_that_the_protocol_has(self) -> None:
        service = storage().client.meta.service_model
        inputs = {name: service.operation_model(name).input_shape for name in service.operation_names}

        can_be_asked = {
            name for name, shape in inputs.items() if shape and "ServerSideEncryption" in shape.members
        }

        assert can_be_asked - NOT_A_WRITE == set(WRITES)


class TestPresignedPut:
    @pytest.mark.parametrize(
        ("settings", "headers"),
        [
            ({}, {"x-amz-server-side-encryption": "AES256"}),
            ({"encryption": "none"}, {}),
            ({"encryption": "aws:kms"}, {"x-amz-server-side-encryption": "aws:kms"}),
            (
                {"encryption": "aws:kms", "encryption_key_id": "k"},
                {
                    "x-amz-server-side-encryption": "aws:kms",
                    "x-amz-server-side-encryption-aws-kms-key-id": "k",
                },
            ),
        ],
    )
    def test_signs_what_its_holder_must_send(
        self, settings: dict[str, object], headers: dict[str, str]
    ) -> None:
        put = storage(**settings).presign_put("k", expires_in=timedelta(minutes=1))

        [signed] = parse_qs(urlsplit(put.url).query)["X-Amz-SignedHeaders"]
        assert put.headers == headers
        assert set(signed.split(";")) == {"host", *headers}
