"""Signatures, verified by the public library of Standard Webhooks."""

from __future__ import annotations

import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from core import signing

BODY = '{"type": "job.completed", "text": "通话"}'.encode()


def headers(*keys: str, timestamp: int | None = None, body: bytes = BODY) -> dict[str, str]:
    stamp = int(time.time()) if timestamp is None else timestamp
    return {
        "webhook-id": "some-id",
        "webhook-timestamp": str(stamp),
        "webhook-signature": signing.signatures(keys, message_id="some-id", timestamp=stamp, body=body),
    }


class TestSignatures:
    def test_are_what_the_public_library_expects(self) -> None:
        secret = signing.new_secret()

        assert Webhook(secret).verify(BODY, headers(secret))["type"] == "job.completed"

    def test_of_several_secrets_satisfy_the_holder_of_any(self) -> None:
        secrets = [signing.new_secret() for _ in range(3)]

        for secret in secrets:
            Webhook(secret).verify(BODY, headers(*secrets))

    @pytest.mark.parametrize("change", ["webhook-id", "webhook-timestamp", "body", "secret"])
    def test_are_of_this_message_and_no_other(self, change: str) -> None:
        secret = signing.new_secret()
        changed = headers(signing.new_secret() if change == "secret" else secret)
        changed |= {"webhook-id": "other"} if change == "webhook-id" else {}
        changed |= {"webhook-timestamp": str(int(time.time()) - 60)} if change == "webhook-timestamp" else {}

        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(BODY.upper() if change == "body" else BODY, changed)
