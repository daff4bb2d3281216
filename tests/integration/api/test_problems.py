"""Answers that are no success, and the ids that lead from them to the log."""

from __future__ import annotations

import logging
import re

import pytest
from sqlalchemy import event
from starlette.testclient import TestClient

from tests.integration.api.conftest import ClientFactory, resources_of


class TestProblem:
    @pytest.mark.parametrize(
        ("method", "path", "status", "code"),
        [
            ("GET", "/v1/nothing", 404, "not_found"),
            ("GET", "/v1/jobs/", 404, "not_found"),
            ("PUT", "/v1/jobs", 405, "method_not_allowed"),
            ("GET", "/v1/jobs/x", 422, "invalid_request"),
            ("POST", "/v1/uploads", 415, "unsupported_media_type"),
        ],
    )
    def test_has_the_same_shape_wherever_it_comes_from(
        self, *, client: TestClient, method: str, path: str, status: int, code: str
    ) -> None:
        answer = client.request(method, path, headers={"X-Request-ID": "asked-7"})

        assert answer.status_code == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem = answer.json()
        assert problem.pop("detail")
        assert problem.pop("title")
        problem.pop("errors")
        assert problem == {
            "type": f"urn:callscribe:problem:{code}",
            "status": status,
            "instance": path,
            "code": code,
            "request_id": "asked-7",
        }

    def test_says_which_methods_there_are(self, client: TestClient) -> None:
        assert client.put("/v1/models").headers["Allow"] == "GET"

    def test_does_not_repeat_what_was_refused(self, client: TestClient) -> None:
        answer = client.post("/v1/jobs", json={"upload_id": "my-secret", "password": "my-secret"})

        assert answer.status_code == 422
        assert "my-secret" not in answer.text


class TestBug:
    @pytest.fixture
    def broken(self, client_with: ClientFactory) -> TestClient:
        client = client_with()
        event.listen(resources_of(client).sessions, "do_orm_execute", _break)
        return client

    def test_shows_nothing_of_the_inside(self, broken: TestClient) -> None:
        answer = broken.get("/v1/models", headers={"X-Request-ID": "asked-8"})

        assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
        assert answer.headers["X-Request-ID"] == answer.json()["request_id"] == "asked-8"
        assert "hunter2" not in answer.text

    def test_is_logged_as_a_whole(self, broken: TestClient, caplog: pytest.LogCaptureFixture) -> None:
        broken.get("/v1/models")

        [record] = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert record.getMessage() == "Request failed"
        assert record.exc_info is not None
        assert "hunter2" in str(record.exc_info[1])


def _break(_state: object) -> None:
    raise ZeroDivisionError("password hunter2")


class TestRequestIds:
    def test_the_callers_own_comes_back(self, stranger: TestClient) -> None:
        answer = stranger.get("/healthz", headers={"X-Request-ID": "trace:7-a.b_c"})

        assert answer.headers["X-Request-ID"] == "trace:7-a.b_c"

    @pytest.mark.parametrize("given", [None, "", "x" * 129, "two words", 'quote"'])
    def test_another_is_made_where_none_can_be_used(self, stranger: TestClient, given: str | None) -> None:
        answer = stranger.get("/healthz", headers={} if given is None else {"X-Request-ID": given})

        assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])

    def test_each_answer_is_one_line_in_the_log(
        self, client: TestClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, logger="api.request_ids")

        client.get("/v1/nothing")
        client.get("/healthz")

        [record] = [record for record in caplog.records if record.name == "api.request_ids"]
        assert vars(record)["status"] == 404
        assert vars(record)["path"] == "/v1/nothing"
