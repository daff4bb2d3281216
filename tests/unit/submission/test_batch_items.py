"""Items as callers write them, and as rows keep them."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ImportForbidden, InvalidRequest
from submission.batches.imports import Place, check_import
from submission.batches.item import item_of, restored, stored

ITEMS = st.fixed_dictionaries(
    {
        "custom_id": st.text(
            st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=9
        )
    },
    optional={
        "language": st.sampled_from(["en", "zh"]),
        "lane": st.sampled_from(["live", "bulk"]),
        "roles": st.sampled_from([["agent", "customer"], {"1": "agent"}, "agent,customer"]),
        "metadata": st.dictionaries(st.text("abc", max_size=3), st.integers(), max_size=3),
        "reuse": st.booleans(),
        "expires_at": st.just("2030-01-01T00:00:00Z"),
        "filename": st.just("a.wav"),
    },
)
AUDIO = st.sampled_from([{"upload_id": str(uuid.uuid4())}, {"url": "s3://a/b"}, {"file": "a.wav"}])


@given(ITEMS, AUDIO)
def test_an_item_comes_back_as_it_was_kept(fields: dict[str, object], audio: dict[str, str]) -> None:
    item = item_of({**fields, **audio}, {})

    assert restored(item.custom_id, stored(item)) == item


def test_the_items_own_word_counts_before_the_batchs() -> None:
    item = item_of({"url": "s3://a/b", "language": "zh"}, {"language": "en", "lane": "live"})

    assert (item.language, item.lane) == ("zh", "live")


def test_a_refusal_names_the_field() -> None:
    with pytest.raises(InvalidRequest, match="hotwords"):
        item_of({"url": "s3://a/b", "hotwords": 1}, {})


class TestImports:
    @pytest.mark.parametrize(
        ("url", "allowed"),
        [
            ("s3://calls/2026/a.wav", True),
            ("s3://calls/2025/a.wav", False),
            ("s3://calls-other/2026/a.wav", False),
            ("s3://ours/recordings/a/b", False),
            ("s3://ours/prepared/a/b", False),
            ("s3://ours/", False),
            ("s3://ours/rec", False),
            ("s3://ours/imports/a.wav", True),
        ],
    )
    def test_lie_where_the_operator_says_and_never_where_other_owners_audio_lies(
        self, url: str, allowed: bool
    ) -> None:
        try:
            check_import(Place.of(url), ["s3://calls/2026/", "s3://ours/"], own_bucket="ours")
        except ImportForbidden:
            assert not allowed
        else:
            assert allowed

    @pytest.mark.parametrize("url", ["", "s3://", "s3://bucket", "https://a/b", "/etc/passwd", "S3://a/b"])
    def test_are_written_one_way_only(self, url: str) -> None:
        with pytest.raises(InvalidRequest):
            Place.of(url)
