"""The state directory, its secrets and its ports."""

from __future__ import annotations

import json
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import Conflict, StateDirectoryRefused
from embedded.credentials import load_or_create
from embedded.ports import CANDIDATES, LOOPBACK, PortBook, is_free
from embedded.seaweedfs import is_usable
from embedded.state import StateDirectory


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestStateDirectory:
    def test_is_made_for_its_owner_only(self, tmp_path: Path) -> None:
        with StateDirectory(tmp_path / "deep" / "state") as state:
            modes = {mode(path) for path in (state.path, state.directory("logs"))}

            assert modes == {0o700}
            assert mode(state.path / "secrets.json") == 0o600

    def test_is_closed_to_others_if_it_was_open(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o755)

        with StateDirectory(tmp_path):
            assert mode(tmp_path) == 0o700

    def test_is_refused_to_a_second_supervisor(self, tmp_path: Path) -> None:
        with StateDirectory(tmp_path), pytest.raises(Conflict, match="Another Callscribe"):
            StateDirectory(tmp_path).__enter__()

    def test_is_free_again_after_the_first(self, tmp_path: Path) -> None:
        with StateDirectory(tmp_path) as first:
            pass

        with StateDirectory(tmp_path) as second:
            assert second.credentials == first.credentials

    def test_waits_for_servers_of_an_earlier_run(self, tmp_path: Path) -> None:
        with StateDirectory(tmp_path) as earlier:
            inherited = os.dup(earlier.service_lock)

        try:
            with pytest.raises(Conflict, match="have not stopped"):
                StateDirectory(tmp_path, orphan_timeout=0.0).__enter__()
        finally:
            os.close(inherited)

    def test_of_another_user_is_refused(self, tmp_path: Path) -> None:
        somebody = Path("/") if os.geteuid() != 0 else tmp_path
        if somebody == tmp_path:
            os.chown(somebody, 12345, -1)

        with pytest.raises(StateDirectoryRefused):
            StateDirectory(somebody).__enter__()

    def test_that_is_a_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "state").touch()

        with pytest.raises(StateDirectoryRefused):
            StateDirectory(tmp_path / "state").__enter__()


class TestCredentials:
    def test_are_random(self, tmp_path: Path) -> None:
        one, other = load_or_create(tmp_path / "one"), load_or_create(tmp_path / "other")

        assert one.database_password != other.database_password
        assert one.database_password != one.broker_password

    def test_stay_when_new_ones_are_added(self, tmp_path: Path) -> None:
        path = tmp_path / "secrets.json"
        path.write_text(json.dumps({"database_password": "old", "of_a_later_version": "kept"}))

        credentials = load_or_create(path)

        assert credentials.database_password == "old"
        assert json.loads(path.read_text())["of_a_later_version"] == "kept"
        assert load_or_create(path) == credentials

    def test_are_not_shown(self, tmp_path: Path) -> None:
        credentials = load_or_create(tmp_path / "secrets.json")

        assert credentials.database_password not in repr(credentials)


class TestSockets:
    """SeaweedFS keeps them in /tmp, by port, and a kill leaves them there."""

    @pytest.fixture
    def port(self) -> Iterator[int]:
        port = next(each for each in CANDIDATES if is_free(each))
        socket = Path(f"/tmp/seaweedfs-tests-{port}.sock")  # noqa: S108
        socket.touch()
        yield port
        socket.unlink()

    def test_of_another_user_make_a_port_useless(self, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
        assert is_usable(port)

        monkeypatch.setattr(os, "geteuid", lambda: Path("/tmp").stat().st_uid + 4711)  # noqa: S108

        assert not is_usable(port)


class TestPortBook:
    def test_hands_out_what_is_usable_only(self, tmp_path: Path) -> None:
        book = PortBook(tmp_path / "ports.json")

        ports = [book.port(str(number), is_usable=lambda port: port % 1_000 == 0) for number in range(5)]

        assert [port % 1_000 for port in ports] == [0] * 5

    def test_remembers(self, tmp_path: Path) -> None:
        first = PortBook(tmp_path / "ports.json").port("postgres")

        assert PortBook(tmp_path / "ports.json").port("postgres") == first

    def test_gives_each_port_once(self, tmp_path: Path) -> None:
        (tmp_path / "ports.json").write_text(json.dumps({"one": 12_000, "other": 12_000}))
        book = PortBook(tmp_path / "ports.json")

        assert book.port("one") != book.port("other")

    def test_replaces_a_port_that_was_taken_since(self, tmp_path: Path) -> None:
        with socket.create_server((LOOPBACK, 0)) as other:
            taken = other.getsockname()[1]
            (tmp_path / "ports.json").write_text(json.dumps({"postgres": taken}))

            assert PortBook(tmp_path / "ports.json").port("postgres") != taken

    def test_a_twin_is_free_as_well(self, tmp_path: Path) -> None:
        with socket.create_server((LOOPBACK, 0)) as other:
            taken = other.getsockname()[1]
            (tmp_path / "ports.json").write_text(json.dumps({"admin": taken - 100}))

            port = PortBook(tmp_path / "ports.json").port("admin", twin_offset=100)

        assert port != taken - 100
        assert is_free(port + 100)

    def test_takes_the_users_word(self, tmp_path: Path) -> None:
        with socket.create_server((LOOPBACK, 0)) as other:
            wanted = other.getsockname()[1]
            with pytest.raises(Conflict, match=f"Port {wanted}, set for postgres, is taken"):
                PortBook(tmp_path / "ports.json").port("postgres", wanted=wanted)

        assert PortBook(tmp_path / "ports.json").port("postgres", wanted=wanted) == wanted
