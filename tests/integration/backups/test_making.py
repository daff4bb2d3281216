"""What a backup takes, whom it is readable for, and what becomes of what goes meanwhile."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import make_url
from starlette.testclient import TestClient

from backups.checking import damage, sound_manifest
from backups.making import make_backup
from backups.manifest import MANIFEST, OBJECTS, load, object_notes
from backups.site import Site
from core.errors import BackupDamaged, BackupDirectoryRefused, PostgresProgramFailed
from tests.integration.backups.conftest import Life, keys_named

SPY = """#!/bin/sh
echo "$0 $@" >> {log}
case "$1" in --version) ;; *) env | sed -n 's/^PGPASSWORD=.*/password by environment/p' >> {log};; esac
exec {real} "$@"
"""


class TestBackup:
    def test_takes_what_rows_name_and_nothing_else(self, site: Site, life: Life, tmp_path: Path) -> None:
        site.storage.put("recordings/of nobody", b"RIFF")

        manifest, _ = make_backup(site, tmp_path / "backup")

        notes = list(object_notes(tmp_path / "backup"))
        assert {note.key for note in notes if note.is_stored} == keys_named(site)
        assert manifest.object_counts == {"stored": 5, "awaited": 1}
        assert manifest.stored_bytes == sum(note.size_bytes or 0 for note in notes) > 6_000_000

    def test_is_for_its_owners_eyes(self, backup: Path) -> None:
        modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [backup, *backup.rglob("*")]}

        assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
        assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
        assert sorted(path.name for path in backup.iterdir()) == [
            "database.dump",
            "manifest.json",
            "objects",
            "objects.jsonl",
        ]

    def test_tells_the_password_to_no_command_line_and_no_file(
        self, site: Site, life: Life, tmp_path: Path
    ) -> None:
        spies, log = tmp_path / "bin", tmp_path / "log"
        spies.mkdir()
        for name in ("pg_dump", "pg_restore"):
            (spies / name).write_text(SPY.format(log=log, real=site.program_directories[0] / name))
            (spies / name).chmod(0o755)

        make_backup(Site(site.database_url, site.storage, [spies]), tmp_path / "backup")

        password = make_url(site.database_url.get_secret_value()).password
        assert password
        assert "--snapshot=" in log.read_text()
        assert "password by environment" in log.read_text()
        assert password not in log.read_text() + (tmp_path / "backup" / MANIFEST).read_text()

    def test_begins_in_an_empty_directory_only(self, site: Site, tmp_path: Path) -> None:
        (tmp_path / "something").touch()

        with pytest.raises(BackupDirectoryRefused):
            make_backup(site, tmp_path)

    def test_that_broke_off_has_no_manifest(self, site: Site, life: Life, tmp_path: Path) -> None:
        def break_off(step: str) -> None:
            if step == "copying objects":
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            make_backup(site, tmp_path / "backup", on_step=break_off)

        with pytest.raises(BackupDamaged, match="broke off"):
            load(tmp_path / "backup")

    def test_that_pg_dump_could_not_make_says_why(self, site: Site, life: Life, tmp_path: Path) -> None:
        directory = tmp_path / "bin"
        directory.mkdir()
        for name in ("pg_dump", "pg_restore"):
            (directory / name).write_text(
                "#!/bin/sh\nif [ $1 = --version ]; then echo 'pg_dump (PostgreSQL) 18.0'; exit; fi\n"
                "echo the disk is full >&2; exit 1\n"
            )
            (directory / name).chmod(0o755)

        with pytest.raises(PostgresProgramFailed, match="the disk is full"):
            make_backup(Site(site.database_url, site.storage, [directory]), tmp_path / "backup")


class TestWhatGoesMeanwhile:
    def test_by_an_erasure_is_told_and_erased_again_by_a_restore(
        self, site: Site, life: Life, client: TestClient, tmp_path: Path
    ) -> None:
        def erase(step: str) -> None:
            if step == "copying objects":
                client.delete(f"/v1/jobs/{life.completed}").raise_for_status()

        manifest, tally = make_backup(site, tmp_path / "backup", on_step=erase)

        assert manifest.object_counts == {"stored": 3, "erased": 2, "awaited": 1}
        assert tally.missing == []
        assert str(life.completed) in manifest.erased_jobs
        assert list(damage(tmp_path / "backup", manifest)) == []


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def largest(directory: Path) -> Path:
    return max(
        (path for path in (directory / "objects").rglob("*") if path.is_file()),
        key=lambda p: p.stat().st_size,
    )


def of_another_format(directory: Path) -> None:
    path = directory / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 2}))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "is not as it was written. It holds recordings/": lambda directory: flip(largest(directory)),
    "bytes instead of": lambda directory: largest(directory).write_bytes(b"RIFF"),
    "cannot be read. It holds recordings/": lambda directory: largest(directory).unlink(),
    "database.dump is not as it was written": lambda directory: flip(directory / "database.dump"),
    "objects.jsonl is not as it was written": lambda directory: flip(directory / OBJECTS),
    "database.dump cannot be read": lambda directory: (directory / "database.dump").unlink(),
    "broke off": lambda directory: (directory / MANIFEST).unlink(),
    "cannot be understood": lambda directory: (directory / MANIFEST).write_text("{"),
    "format 2": of_another_format,
}


class TestCheck:
    def test_finds_whatever_was_damaged(self, old_backup: Path, tmp_path: Path) -> None:
        said = {}
        for wanted, do in DAMAGES.items():
            copy = tmp_path / "damaged"
            shutil.copytree(old_backup, copy)
            do(copy)
            with pytest.raises(BackupDamaged) as refused:
                sound_manifest(copy)
            said[wanted] = str(refused.value)
            shutil.rmtree(copy)

        assert {wanted: text for wanted, text in said.items() if wanted not in text} == {}
