from __future__ import annotations

import json
import uuid

import pytest

from client import Client, NewItem, SubmitOptions
from client.batches import Source
from core.errors import Conflict, PermanentError, ServerUnreachable
from tests.unit.cli.scripted_api import JOB_ID, Given, ScriptedApi, transcript
from tests.unit.client.batch_answers import BATCH_ID, batch, item

BATCH = uuid.UUID(BATCH_ID)
PATH = f"/v1/batches/{BATCH_ID}"


class TestCreate:
    def test_says_what_is_wanted_and_nothing_else(self, api: ScriptedApi, client: Client) -> None:
        api.answer("POST", "/v1/batches", batch(), status=201)
        items = [NewItem("a", upload_id=BATCH), NewItem("b", url="s3://calls/b.wav", filename="b.wav")]

        client.batches.create(items, name="March", defaults=SubmitOptions(language="zh"))

        assert json.loads(api.asked[0].body) == {
            "name": "March",
            "open": False,
            "defaults": {"language": "zh"},
            "items": [
                {"custom_id": "a", "upload_id": BATCH_ID},
                {"custom_id": "b", "url": "s3://calls/b.wav", "filename": "b.wav"},
            ],
        }

    def test_an_item_has_options_of_its_own(self, api: ScriptedApi, client: Client) -> None:
        api.answer("POST", "/v1/batches", batch(), status=201)
        options = SubmitOptions(metadata={"agent": 7})

        client.batches.create([NewItem("a", file="a.wav", options=options)], source=Source("zip", BATCH))

        sent = json.loads(api.asked[0].body)
        assert sent["items"] == [{"custom_id": "a", "file": "a.wav", "metadata": {"agent": 7}}]
        assert sent["source"] == {"type": "zip", "upload_id": BATCH_ID}

    def test_is_sent_again_under_the_same_key(self, api: ScriptedApi, client: Client) -> None:
        api.refuse("POST", "/v1/batches", status=503, code="database_unavailable", detail="Away.")
        api.answer("POST", "/v1/batches", batch(status="open"), status=201)

        opened = client.batches.create(is_open=True, key="batch-1")

        assert opened.status == "open"
        assert [asked.headers["Idempotency-Key"] for asked in api.asked] == ["batch-1"] * 2


class TestItems:
    def test_are_added_again_when_the_answer_was_lost(self, api: ScriptedApi, client: Client) -> None:
        api.give("POST", f"{PATH}/items", Given(200, b"", missing=1))
        refused = {"index": 0, "custom_id": "a", "code": "duplicate_custom_id", "message": "It is there."}
        api.answer("POST", f"{PATH}/items", {"accepted": 0, "refused": [refused]})

        added = client.batches.add(BATCH, [NewItem("a", upload_id=BATCH)])

        assert (added.accepted, added.refused[0].code) == (0, "duplicate_custom_id")

    def test_of_a_closed_batch_are_a_conflict(self, api: ScriptedApi, client: Client) -> None:
        api.refuse("POST", f"{PATH}/items", status=409, code="conflict", detail="It is closed.")

        with pytest.raises(Conflict):
            client.batches.add(BATCH, [NewItem("a", upload_id=BATCH)])

    def test_are_listed_page_by_page(self, api: ScriptedApi, client: Client) -> None:
        api.answer("GET", f"{PATH}/items", {"data": [item(1)], "has_more": True, "next_cursor": "c"})
        api.answer("GET", f"{PATH}/items", {"data": [item(2)], "has_more": False, "next_cursor": None})

        items = list(client.batches.items(BATCH, status=["failed"]))

        assert [each.number for each in items] == [1, 2]
        assert api.asked[1].query == {"limit": "1000", "status": "failed", "cursor": "c"}


class TestStanding:
    def test_of_many_items_is_looked_at_less_often(self, api: ScriptedApi, client: Client) -> None:
        for total in (0, 10, 50_000, 10_000_000):
            api.answer("GET", PATH, batch(request_counts={"total": total}))
        api.answer("GET", PATH, batch(status="completed"))

        list(client.batches.follow(BATCH))

        assert [float(asked.query["wait"]) for asked in api.asked] == [1, 1, 1, 5, 30]

    def test_is_followed_until_the_batch_is_over(self, api: ScriptedApi, client: Client) -> None:
        for status in ("open", "running", "completed"):
            api.answer("GET", PATH, batch(status=status))

        assert [seen.status for seen in client.batches.follow(BATCH)] == ["open", "running", "completed"]

    @pytest.mark.parametrize("act", ["close", "cancel", "retry-failed"])
    def test_is_what_the_server_answers_to_every_act(
        self, api: ScriptedApi, client: Client, act: str
    ) -> None:
        api.answer("POST", f"{PATH}/{act}", batch(status="running"))

        standing = getattr(client.batches, act.replace("-", "_"))(BATCH)

        assert standing.status == "running"

    @pytest.mark.parametrize(
        ("changes", "is_completed"),
        [
            ({"status": "completed"}, True),
            ({"status": "canceled"}, False),
            ({"status": "running"}, False),
            ({"status": "completed", "request_counts": {"total": 2, "completed": 1, "refused": 1}}, False),
        ],
    )
    def test_is_completed_only_if_every_item_is(
        self, api: ScriptedApi, client: Client, changes: dict[str, object], is_completed: bool
    ) -> None:
        api.answer("GET", PATH, batch(**changes))

        assert client.batches.get(BATCH).is_completed is is_completed

    def test_newest_batches_are_no_more_than_were_asked_for(self, api: ScriptedApi, client: Client) -> None:
        api.answer("GET", "/v1/batches", {"data": [batch(), batch()], "has_more": True, "next_cursor": "c"})

        assert len(list(client.batches.newest(limit=2))) == 2
        assert len(api.asked) == 1


def result(custom_id: str) -> str:
    line = {
        "number": ord(custom_id),
        "custom_id": custom_id,
        "job_id": JOB_ID,
        "filename": "a.wav",
        "metadata": {},
    }
    return json.dumps({**line, "transcript": {**transcript(), "text": "a\u2028b"}}, ensure_ascii=False)


class TestResults:
    def test_are_told_one_by_one(self, api: ScriptedApi, client: Client) -> None:
        api.answer_text("GET", f"{PATH}/results", f"{result('a')}\n{result('b')}\n")

        results = list(client.batches.results(BATCH))

        assert [each.custom_id for each in results] == ["a", "b"]
        assert results[0].transcript.text == "a\u2028b"
        assert api.asked[0].query == {"format": "jsonl", "after": "0"}

    def test_that_break_off_go_on_where_they_were(self, api: ScriptedApi, client: Client) -> None:
        broken = f"{result('a')}\n{result('b')[:20]}"
        api.give("GET", f"{PATH}/results", Given(200, broken.encode(), missing=5))
        api.answer_text("GET", f"{PATH}/results", f"{result('b')}\n")

        results = list(client.batches.results(BATCH))

        assert [each.custom_id for each in results] == ["a", "b"]
        assert [asked.query["after"] for asked in api.asked] == ["0", str(ord("a"))]

    def test_that_break_off_at_once_are_an_error(self, api: ScriptedApi, client: Client) -> None:
        api.give("GET", f"{PATH}/results", Given(200, b"", missing=5))

        with pytest.raises(ServerUnreachable):
            list(client.batches.results(BATCH))

    def test_that_are_not_ours_are_named(self, api: ScriptedApi, client: Client) -> None:
        api.answer_text("GET", f"{PATH}/results", "<html>\n")

        with pytest.raises(PermanentError, match="does not answer as Callscribe does"):
            list(client.batches.results(BATCH))

    def test_come_as_a_table_too(self, api: ScriptedApi, client: Client) -> None:
        api.answer_text("GET", f"{PATH}/results", "custom_id\na\n")

        with client.batches.results_as(BATCH, "csv") as pieces:
            assert b"".join(pieces) == b"custom_id\na\n"

    def test_errors_say_what_became_of_the_others(self, api: ScriptedApi, client: Client) -> None:
        trouble = {"code": "audio_empty", "message": "The recording holds no audio."}
        line = json.dumps({"number": 1, "custom_id": "a", "status": "failed", "job_id": None, **trouble})
        api.answer_text("GET", f"{PATH}/errors", f"{line}\n")

        (failed,) = client.batches.errors(BATCH)

        assert failed.error is not None
        assert failed.error.code == "audio_empty"

    def test_the_least_trusted_come_first(self, api: ScriptedApi, client: Client) -> None:
        reviewed = {"custom_id": "a", "job_id": JOB_ID, "trust": 0.2, "flags": ["speech_without_text"]}
        api.answer("GET", f"{PATH}/review", {"data": [reviewed]})

        (worst,) = client.batches.review(BATCH, limit=1)

        assert (worst.trust, worst.flags) == (0.2, ["speech_without_text"])
        assert api.asked[0].query == {"limit": "1"}
