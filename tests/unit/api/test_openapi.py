"""The API's description."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import cast

import pytest

from api.openapi import CHECKED_IN, document

Operation = dict[str, dict[str, object]]

OPENAI = "/v1/audio/"
"""Errors have another shape there."""


@pytest.fixture(scope="module")
def described() -> str:
    return document()


def operations(described: str) -> Iterator[tuple[str, Operation]]:
    for path, methods in json.loads(described)["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


class TestDescription:
    def test_the_one_that_is_checked_in_is_the_newest(self, described: str) -> None:
        assert CHECKED_IN.read_text(encoding="utf-8") == described, "Run: python -m api.openapi"

    def test_every_reference_leads_somewhere(self, described: str) -> None:
        schemas = json.loads(described)["components"]["schemas"]
        names = {line.split("/")[-1].rstrip('",') for line in described.splitlines() if '"$ref"' in line}

        assert names <= set(schemas)

    def test_every_route_with_a_key_declares_its_problems(self, described: str) -> None:
        for name, operation in operations(described):
            if "/v1/" in name:
                invalid = "400" if OPENAI in name else "422"
                assert {"401", invalid, "500", "503"} <= set(operation["responses"]), name

    def test_everything_but_success_is_a_problem(self, described: str) -> None:
        for name, operation in operations(described):
            for status, response in operation["responses"].items():
                if status[0] not in "23":
                    content = cast(Operation, response)["content"]
                    kind = "application/json" if OPENAI in name else "application/problem+json"
                    assert list(content) == [kind], (name, status)

    def test_a_job_can_be_submitted_as_a_form_or_as_json(self, described: str) -> None:
        submit = dict(operations(described))["POST /v1/jobs"]

        content = cast(Operation, submit["requestBody"])["content"]

        assert set(content) == {"application/json", "multipart/form-data"}
