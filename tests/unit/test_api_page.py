from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Final

from api.errors import FRAMEWORK_CODES, status_of
from api.health.routes import NOT_READY
from api.problems import Problem
from core.errors import ServiceError

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "api.md").read_text()


def family(kind: type[ServiceError]) -> Iterator[type[ServiceError]]:
    yield kind
    for child in kind.__subclasses__():
        # Only ours: tests make errors of their own.
        if child.__module__ == ServiceError.__module__:
            yield from family(child)


def row(kind: type[ServiceError]) -> str:
    status = status_of(kind)
    answered = status is not HTTPStatus.INTERNAL_SERVER_ERROR or kind is ServiceError
    return f"| `{kind.code}` | {int(status) if answered else '–'} | {(kind.__doc__ or '').strip()} |"


class TestPage:
    def test_has_a_section_for_every_route(self) -> None:
        paths = json.loads((ROOT / "api" / "openapi.json").read_text())["paths"]
        routes = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}

        assert set(re.findall(r"^### `(.+)`$", PAGE, re.MULTILINE)) == routes

    def test_lists_every_error_as_the_code_does(self) -> None:
        listed = re.findall(r"^\| `\w+` \| (?:\d+|–) \| .+ \|$", PAGE, re.MULTILINE)

        assert listed == [row(kind) for kind in family(ServiceError)]

    def test_names_the_codes_that_are_no_errors_of_ours(self) -> None:
        ours = {kind.code for kind in family(ServiceError)}
        others = {NOT_READY, *FRAMEWORK_CODES.values()} - ours
        after_the_table = PAGE.split("\n\nBesides these")[1]

        assert set(re.findall(r"`(\w+)` \(", after_the_table)) == others

    def test_shows_a_problem_as_it_is(self) -> None:
        found = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)

        assert found
        assert list(json.loads(found[1])) == list(Problem.model_fields)
