from __future__ import annotations

from client import Client
from tests.unit.cli.scripted_api import ScriptedApi


def page(*ids: str, cursor: str | None, more: bool = False) -> dict[str, object]:
    events = [
        {"id": each, "type": "job.completed", "timestamp": "2026-11-22T04:21:17Z", "data": {}} for each in ids
    ]
    return {"data": events, "has_more": more, "next_cursor": cursor}


class TestFeed:
    def test_goes_through_all_pages_and_remembers_where_they_ended(
        self, api: ScriptedApi, client: Client
    ) -> None:
        api.answer("GET", "/v1/events", page("a", "b", cursor="2", more=True))
        api.answer("GET", "/v1/events", page("c", cursor="3"))
        feed = client.events()

        assert [event.id for event in feed] == ["a", "b", "c"]
        assert feed.cursor == "3"
        assert [asked.query.get("after") for asked in api.asked] == [None, "2"]

    def test_goes_on_where_it_ended(self, api: ScriptedApi, client: Client) -> None:
        api.answer("GET", "/v1/events", page("a", cursor="1"))
        api.answer("GET", "/v1/events", page(cursor="1"))
        feed = client.events(after="0")

        assert [[event.id for event in feed], [event.id for event in feed]] == [["a"], []]
        assert [asked.query["after"] for asked in api.asked] == ["0", "1"]

    def test_moves_on_only_when_all_of_a_page_was_taken(self, api: ScriptedApi, client: Client) -> None:
        api.answer("GET", "/v1/events", page("a", "b", cursor="2"))
        feed = client.events(after="0")

        next(iter(feed))

        assert feed.cursor == "0"

    def test_without_any_event_stays_at_its_beginning(self, api: ScriptedApi, client: Client) -> None:
        api.answer("GET", "/v1/events", page(cursor=None))
        feed = client.events()

        assert list(feed) == []
        assert feed.cursor is None
