"""Cursors."""

from __future__ import annotations

import base64
import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.paging import LARGEST, cursor_after, cursor_at, number_of, place_of
from core.errors import InvalidRequest

CURSORS = st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("="))
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

    @given(CURSORS)
    def test_any_word_is_a_place_or_refused(self, cursor: str) -> None:
        try:
            created_at, _ = place_of(cursor)
        except InvalidRequest:
            return

        assert created_at.tzinfo is not None

    @given(CURSORS | st.integers(0, 10**40).map(cursor_at))
    def test_any_word_is_a_number_that_the_database_knows_or_refused(self, cursor: str) -> None:
        try:
            number = number_of(cursor)
        except InvalidRequest:
            return

        assert 0 <= number <= LARGEST

    def test_a_number_of_thousands_of_digits_is_refused(self) -> None:
        with pytest.raises(InvalidRequest):
            number_of(base64.urlsafe_b64encode(b"9" * 5_000).decode())
