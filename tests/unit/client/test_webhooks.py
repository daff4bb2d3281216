"""Signatures that the public library of Standard Webhooks made."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook

from client import verify_webhook
from core.errors import SignatureRejected
from core.signing import new_secret

SECRET = new_secret()
EVENT = {"type": "job.completed", "timestamp": "2026-11-22T04:21:17Z", "data": {"status": "completed"}}
BODY = json.dumps(EVENT, ensure_ascii=False).encode()
NOW = 1_795_302_077


def headers(secret: str = SECRET, *, at: float = NOW, body: bytes = BODY) -> dict[str, str]:
    signature = Webhook(secret).sign("msg-1", datetime.fromtimestamp(at, UTC), body.decode())
    return {
        "Webhook-Id": "msg-1",
        "Webhook-Timestamp": str(int(at)),
        "Webhook-Signature": signature,
    }


class TestVerifying:
    def test_gives_the_event_that_was_signed(self) -> None:
        event = verify_webhook(BODY, headers(), SECRET, now=NOW)

        assert (event.id, event.type, event.data) == ("msg-1", "job.completed", {"status": "completed"})

    def test_goes_by_this_machines_clock(self) -> None:
        assert verify_webhook(BODY, headers(at=time.time()), SECRET).type == "job.completed"

    def test_takes_any_of_several_signatures_and_secrets(self) -> None:
        other = new_secret()
        both = headers() | {"Webhook-Signature": f"{headers(other)['Webhook-Signature']} v1a,other"}

        assert verify_webhook(BODY, both, [SECRET, other], now=NOW).id == "msg-1"

    @pytest.mark.parametrize(
        "changed",
        [
            {"Webhook-Id": "msg-2"},
            {"Webhook-Timestamp": str(NOW + 1)},
            {"Webhook-Timestamp": "now"},
            {"Webhook-Timestamp": ""},
            {"Webhook-Signature": ""},
            {"Webhook-Signature": "v1,ÄÖÜ"},
        ],
    )
    def test_refuses_what_was_changed_on_its_way(self, changed: dict[str, str]) -> None:
        with pytest.raises(SignatureRejected):
            verify_webhook(BODY, headers() | changed, SECRET, now=NOW)

    def test_refuses_another_body_and_another_secret(self) -> None:
        for body, secret in ((BODY.upper(), SECRET), (BODY, new_secret())):
            with pytest.raises(SignatureRejected):
                verify_webhook(body, headers(), secret, now=NOW)

    @pytest.mark.parametrize("late", [-301, 301])
    def test_refuses_what_is_old_or_from_the_future(self, late: int) -> None:
        with pytest.raises(SignatureRejected, match="clock"):
            verify_webhook(BODY, headers(), SECRET, now=NOW + late)

    @pytest.mark.parametrize("body", [b"[]", b"{}", b"no json", b"7"])
    def test_refuses_what_is_signed_and_no_event(self, body: bytes) -> None:
        with pytest.raises(SignatureRejected):
            verify_webhook(body, headers(body=body), SECRET, now=NOW)
