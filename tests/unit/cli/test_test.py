"""callscribe test"""

from __future__ import annotations

import pytest

from cli.commands.test import pytest_options
from embedded.settings import EmbeddedSettings


class TestOptions:
    def test_all_tests_go_in_several_processes(self) -> None:
        assert pytest_options([], EmbeddedSettings()) == ["--numprocesses=3", "--dist=worksteal"]

    def test_what_was_asked_for_goes_as_it_was_asked(self) -> None:
        assert pytest_options(["tests/unit", "-x"], EmbeddedSettings()) == ["tests/unit", "-x"]

    @pytest.mark.parametrize(
        "name",
        ["DATABASE_URL", "BROKER_URL", "STORAGE__BUCKET", "EMBEDDED_PORTS__VALKEY"],
    )
    def test_servers_that_the_user_chose_serve_one_process(
        self, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        monkeypatch.setenv(f"CALLSCRIBE_{name}", "1234")

        assert pytest_options([], EmbeddedSettings()) == []
