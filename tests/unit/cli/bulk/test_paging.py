from __future__ import annotations

import json
from itertools import chain

from hypothesis import given, settings
from hypothesis import strategies as st

from cli.bulk.paging import BYTES, ITEMS, pages
from client import NewItem, SubmitOptions


def item(number: int, weight: int) -> NewItem:
    return NewItem(str(number), url="s3://b/k", options=SubmitOptions(metadata={"note": "x" * weight}))


class TestPages:
    @settings(deadline=None)
    @given(st.lists(st.sampled_from([1, 1_000, BYTES // 3, BYTES]), max_size=12))
    def test_hold_everything_in_order_and_are_never_too_large(self, weights: list[int]) -> None:
        items = [item(number, weight) for number, weight in enumerate(weights)]

        found = list(pages(items))

        assert list(chain.from_iterable(found)) == items
        for page in found:
            assert page
            assert len(page) == 1 or sum(len(json.dumps(each.body())) for each in page) <= BYTES

    def test_have_no_more_items_than_a_request_should(self) -> None:
        found = list(pages(item(number, 1) for number in range(2 * ITEMS + 1)))

        assert [len(page) for page in found] == [ITEMS, ITEMS, 1]
