"""Items as callers write them, and as rows keep them."""

from __future__ import annotations

import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ImportForbidden, InvalidRequest, ServiceError
from models.batch import Batch
from submission.batches.adding import _read, _rows
from submission.batches.imports import Place, check_import
from submission.batches.item import LONGEST_TOLD, ItemRequest, item_of, restored, stored

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


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text(st.characters()), parts, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(sorted(ItemRequest.model_fields)) | st.text(st.characters())


def can_be_kept(text: str | None) -> bool:
    """In a column of Postgres."""
    return text is None or "\0" not in text.encode().decode()


@given(
    ANYTHING
    | st.dictionaries(NAMES, ANYTHING)
    | st.tuples(NAMES, ANYTHING).map(
        lambda change: {"custom_id": "a", "url": "s3://a/b", change[0]: change[1]}
    )
)
def test_anything_is_an_item_or_refused_in_words_that_can_be_kept(given: object) -> None:
    [row] = list(_rows([given], [read_item(given)], set()))

    assert can_be_kept(row.custom_id)
    assert can_be_kept(row.error_message)
    assert can_be_kept(json.dumps(row.request, ensure_ascii=False))
    assert "\\u0000" not in json.dumps(row.request).replace("\\\\", "")


@pytest.mark.parametrize(
    "given",
    [
        {"custom_id": "\ud800", "url": "s3://a/b"},
        {"custom_id": "a", "url": "s3://a/b", "\0": 1},
        {"custom_id": "a", "url": "s3://a/b", "x" * 100_000: 1},
        {"custom_id": "a", "url": "s3://a/b", "language": "\0"},
        {"custom_id": "a", "url": "s3://a/b", "webhook_url": "https://a/\0"},
    ],
)
def test_what_cannot_be_kept_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        item_of(given, {})

    assert can_be_kept(str(refusal.value))
    assert len(str(refusal.value)) <= LONGEST_TOLD


def read_item(given: object) -> ItemRequest | ServiceError:
    return _read(given, Batch(defaults={}))


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

    @pytest.mark.parametrize(
        "url",
        [
            *("", "s3://", "s3://bucket", "https://a/b", "/etc/passwd", "S3://a/b"),
            *(
                "s3://a/../b/c",
                "s3://a/b/../c",
                "s3://a/./b",
                "s3://../a",
                "s3://a/..",
                "s3://a b/c",
                "s3://a\n/c",
            ),
            "s3://a/" + "é" * 513,
        ],
    )
    def test_are_written_one_way_only(self, url: str) -> None:
        with pytest.raises(InvalidRequest):
            Place.of(url)
