"""Cursors."""

from __future__ import annotations

import base64
import uuid
from datetime import UTC, datetime

import pytest

from api.paging import cursor_after, place_of
from core.errors import InvalidRequest

PLACE = (datetime(2026, 11, 21, 22, 0, 0, 123456, tzinfo=UTC), uuid.UUID(int=7))


class TestCursor:
    def test_leads_back_to_its_place(self) -> None:
        assert place_of(cursor_after(*PLACE)) == PLACE

    def test_goes_into_a_url_as_it_is(self) -> None:
        assert cursor_after(*PLACE).replace("-", "").replace("_", "").isalnum()

    @pytest.mark.parametrize(
        "cursor",
        [
            "",
            "x",
            "é",
            "AAAA",
            "2026-11-21",
            base64.urlsafe_b64encode(b"2026-11-21T22:00:00 " + b"0" * 32).decode(),
        ],
    )
    def test_one_that_was_not_given_here_is_refused(self, cursor: str) -> None:
        with pytest.raises(InvalidRequest):
            place_of(cursor)
