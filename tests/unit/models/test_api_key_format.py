"""The shape of API keys."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Unauthenticated
from models.api_key_format import new_api_key, parse


class TestApiKeyFormat:
    def test_a_new_key_is_read_back_as_prefix_and_secret(self) -> None:
        key = new_api_key()

        assert parse(key.shown) == (key.prefix, key.secret)

    def test_its_shape_is_one_that_scanners_can_know(self) -> None:
        assert re.fullmatch(r"cs_[0-9A-Za-z]{8}_[0-9A-Za-z]{38}", new_api_key().shown)

    def test_no_two_keys_are_alike(self) -> None:
        keys = {new_api_key().secret for _ in range(100)}

        assert len(keys) == 100

    def test_a_typo_is_noticed_without_a_look_up(self) -> None:
        shown = new_api_key().shown
        swapped = "A" if shown[20] != "A" else "B"

        with pytest.raises(Unauthenticated):
            parse(shown[:20] + swapped + shown[21:])

    @pytest.mark.parametrize(
        "shown", ["", "cs_", "cs_12345678_short", "sk-1234567890", "cs_12345678_" + "é" * 38]
    )
    def test_what_was_never_a_key_is_refused(self, shown: str) -> None:
        with pytest.raises(Unauthenticated):
            parse(shown)

    @given(st.text() | st.from_regex(r"cs_[0-9A-Za-z]{8}_[0-9A-Za-z]{38}\n?", fullmatch=True))
    def test_nobody_guesses_one(self, shown: str) -> None:
        with pytest.raises(Unauthenticated):
            parse(shown)
