"""The launcher, loaded from its file; nothing is installed here."""

from __future__ import annotations

import errno
import fcntl
import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, Protocol

import pytest

ROOT = Path(__file__).parents[2]


def load_launcher() -> ModuleType:
    loader = SourceFileLoader("launcher", str(ROOT / "callscribe"))
    spec = importlib.util.spec_from_loader("launcher", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


launcher = load_launcher()


class Venv(Protocol):
    path: Path
    python: Path
    requirements: Path

    def is_ready(self, level: str) -> bool: ...
    def works(self) -> bool: ...
    def being_changed(self, level: str) -> AbstractContextManager[bool]: ...


class Runner(Protocol):
    def __call__(self, what: str, command: Sequence[str], *, may_fail: bool = False) -> bool: ...


class Disk(NamedTuple):
    free: int


@pytest.fixture
def venv(tmp_path: Path) -> Venv:
    """One whose Python is there and whose packages are not."""
    requirements = tmp_path / "requirements"
    requirements.mkdir()
    for name in ("base.txt", "run.txt", "dev.txt", "torch.txt", "silero.txt"):
        (requirements / name).write_text(name)
    venv: Venv = launcher.Venv(tmp_path)
    venv.python.parent.mkdir(parents=True)
    venv.python.symlink_to(sys.executable)
    return venv


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Runner]:
    lock = os.open(tmp_path, os.O_RDONLY)
    yield launcher.Runner(lock)
    os.close(lock)


def installed(venv: Venv, level: str) -> None:
    with venv.being_changed(level):
        pass


def says(text: str, *, status: int = 0) -> list[str]:
    return ["/bin/sh", "-c", f"echo '{text}'; exit {status}"]


def fake_pip(tmp_path: Path, configuration: str) -> list[str]:
    path = tmp_path / "pip.conf.out"
    path.write_text(configuration)
    return ["/bin/sh", "-c", f"cat '{path}'", "pip"]


class TestLevel:
    @pytest.mark.parametrize(
        ("arguments", "level"),
        [
            ([], "base"),
            (["--help"], "base"),
            (["submit", "call.wav"], "base"),
            (["demo"], "run"),
            (["worker", "--queue", "test"], "run"),
            (["--version", "test"], "dev"),
        ],
    )
    def test_is_what_the_command_needs(self, arguments: list[str], level: str) -> None:
        assert launcher.level_for(arguments) == level

    def test_files_of_every_level_exist(self) -> None:
        names = {name for files in launcher.LEVELS.values() for name in files}

        assert {path.name for path in (ROOT / "requirements").iterdir()} >= names


class TestPythonVersion:
    def test_too_old_is_said(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", "/nonexistent")

        with pytest.raises(SystemExit, match=r"Python 3\.11 or newer is needed and this is 3\.9\.2"):
            launcher.use_new_enough_python([], running=(3, 9, 2))


class TestReadiness:
    def test_begins_with_an_installation(self, venv: Venv) -> None:
        assert not venv.is_ready("base")

        installed(venv, "base")

        assert venv.is_ready("base")
        assert not venv.is_ready("run")

    def test_of_a_level_holds_for_those_below(self, venv: Venv) -> None:
        installed(venv, "dev")

        assert all(venv.is_ready(level) for level in ("base", "run", "dev"))

    def test_ends_when_a_lock_file_changes(self, venv: Venv) -> None:
        installed(venv, "dev")

        (venv.requirements / "dev.txt").write_text("something newer")

        assert not venv.is_ready("dev")
        assert venv.is_ready("run")

    def test_ends_when_python_does(self, venv: Venv, tmp_path: Path) -> None:
        installed(venv, "base")

        venv.python.unlink()
        assert not venv.is_ready("base")

        venv.python.symlink_to("/bin/sh")
        assert not venv.is_ready("base")

    def test_is_not_read_out_of_a_broken_stamp(self, venv: Venv) -> None:
        installed(venv, "base")

        (venv.path / "callscribe-stamp.json").write_text('{"base": ')

        assert not venv.is_ready("base")

    def test_does_not_come_of_an_interrupted_installation(self, venv: Venv) -> None:
        with suppress(KeyboardInterrupt), venv.being_changed("base") as broke_off:
            assert not broke_off
            raise KeyboardInterrupt

        assert not venv.is_ready("base")
        with venv.being_changed("base") as broke_off:
            assert broke_off
        with venv.being_changed("base") as broke_off:
            assert not broke_off

    def test_needs_a_python_that_runs(self, venv: Venv) -> None:
        assert venv.works()

        venv.python.unlink()
        venv.python.symlink_to("/bin/false")

        assert not venv.works()


class TestOneAtATime:
    def test_a_second_launcher_waits(self, tmp_path: Path) -> None:
        second = os.open(tmp_path, os.O_RDONLY)
        with launcher.only_one(tmp_path), pytest.raises(BlockingIOError):
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)

        fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(second)


class TestPreconditions:
    def test_a_short_disk_is_said(self, venv: Venv, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(free=2 * 1024**3))

        with pytest.raises(launcher.CannotSetUp, match=r"need 3 GiB of disk and 2\.0 GiB are free"):
            launcher.check_disk(venv, "run")

    def test_a_short_disk_is_long_enough_once_all_is_installed(
        self, venv: Venv, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        installed(venv, "run")
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(free=0))

        launcher.check_disk(venv, "dev")

    def test_a_missing_ensurepip_is_said(
        self, venv: Venv, run: Runner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)

        with pytest.raises(launcher.CannotSetUp, match=r"apt install python3\.\d+-venv"):
            launcher.create(venv, run)


class TestPipSettings:
    def test_of_the_command_and_the_environment_win(self, tmp_path: Path) -> None:
        pip = fake_pip(
            tmp_path,
            ":env:.find-links='/env'\nglobal.find-links='/global'\nglobal.timeout='5'\ninstall.timeout='9'\n",
        )

        assert launcher.pip_settings(pip) == {"find-links": "/env", "timeout": "9"}

    def test_reach_uv(self) -> None:
        settings = {"index-url": "one", "extra-index-url": "two\nthree", "no-index": "true", "quiet": "1"}

        options = launcher.uv_options(settings, "torch.txt")

        assert options[1:-2] == [
            "--index-url",
            "one",
            "--extra-index-url",
            "two",
            "--extra-index-url",
            "three",
            "--no-index",
        ]

    @pytest.mark.parametrize("locked", ["base.txt", "run.txt", "dev.txt"])
    def test_of_an_extra_index_do_not_reach_uv_for_what_the_main_one_has_whole(self, locked: str) -> None:
        settings = {"index-url": "one", "extra-index-url": "two"}

        assert "two" not in launcher.uv_options(settings, locked)

    def test_of_the_connection_reach_uv(self) -> None:
        settings = {"cert": "/ca.pem", "proxy": "proxy:3128", "default-timeout": "180"}

        assert launcher.uv_environment(settings) == {
            "SSL_CERT_FILE": "/ca.pem",
            "HTTP_PROXY": "proxy:3128",
            "HTTPS_PROXY": "proxy:3128",
            "UV_HTTP_TIMEOUT": "180",
        }


class TestCache:
    def test_is_the_users(self, venv: Venv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("UV_CACHE_DIR", raising=False)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

        assert launcher.cache_environment(venv) == {}

    def test_is_ours_where_the_user_has_none(self, venv: Venv, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("UV_CACHE_DIR", raising=False)
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        monkeypatch.setenv("HOME", "/dev/null")

        assert launcher.cache_environment(venv) == {"UV_CACHE_DIR": str(venv.path / "cache")}


class TestRunner:
    def test_keeps_the_installers_noise_to_itself(
        self, run: Runner, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run("Installing", says("noise"))

        assert "noise" not in capsys.readouterr().err

    def test_shows_it_when_the_installer_fails(self, run: Runner, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(launcher.CannotSetUp, match=r"^Installing failed\.$"):
            run("Installing", says("something odd", status=2))

        assert "something odd" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("said", "hint"),
        [
            (os.strerror(errno.ENOSPC), "disk is full"),
            ("dns error: failed to lookup address", "cannot be reached"),
            ("Failed to establish: NewConnectionError", "cannot be reached"),
            ("invalid peer certificate: UnknownIssuer", "certificate"),
            ("torch has no wheels with a matching platform tag", "nothing that fits this machine"),
            ("[Errno 13] Permission denied", "not writable"),
        ],
    )
    def test_gives_a_hint(self, run: Runner, said: str, hint: str) -> None:
        with pytest.raises(launcher.CannotSetUp, match=hint):
            run("Installing", says(said, status=1))

    def test_lets_another_installer_try(self, run: Runner) -> None:
        assert not run("Installing", says("no wheels with a matching tag", status=1), may_fail=True)

    def test_gives_up_where_no_installer_can_help(self, run: Runner) -> None:
        with pytest.raises(launcher.CannotSetUp, match="disk is full"):
            run("Installing", says("No space left on device", status=1), may_fail=True)
