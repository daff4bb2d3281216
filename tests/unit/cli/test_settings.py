from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from cli.settings import find_access
from client import Access
from core.errors import ServerUnknown
from embedded.settings import ACCESS_FILE

HERE = Access("http://127.0.0.1:8080", "cs_here")


@pytest.fixture
def state_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty one, with nothing else in the environment."""
    monkeypatch.setenv("CALLSCRIBE_STATE_DIR", str(tmp_path))
    monkeypatch.delenv("CALLSCRIBE_API_URL", raising=False)
    monkeypatch.delenv("CALLSCRIBE_API_KEY", raising=False)
    return tmp_path


class TestAccess:
    def test_is_what_a_running_server_left(self, state_dir: Path) -> None:
        _leave(HERE, state_dir)

        assert find_access() == HERE

    def test_keeps_the_key_out_of_logs(self) -> None:
        assert HERE.api_key not in repr(HERE)

    def test_is_unknown_where_nothing_was_left(self, state_dir: Path) -> None:
        with pytest.raises(ServerUnknown, match="callscribe up"):
            find_access()

    def test_of_the_environment_comes_first(self, state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        _leave(HERE, state_dir)
        monkeypatch.setenv("CALLSCRIBE_API_URL", "https://calls.example")
        monkeypatch.setenv("CALLSCRIBE_API_KEY", "cs_there")

        assert find_access() == Access("https://calls.example/", "cs_there")

    def test_never_sends_the_key_left_here_to_another_server(
        self, state_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _leave(HERE, state_dir)
        monkeypatch.setenv("CALLSCRIBE_API_URL", "https://calls.example")

        with pytest.raises(ServerUnknown, match="CALLSCRIBE_API_KEY"):
            find_access()


def _leave(access: Access, state_dir: Path) -> None:
    (state_dir / ACCESS_FILE).write_text(json.dumps(asdict(access)))
