"""callscribe backup, as an operator types it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from backups.manifest import DUMP, load
from backups.site import Site
from cli.commands.backup import app
from core.errors import BackupDamaged, ObjectMissing, RestoredStateDiffers
from core.settings import StorageSettings
from tests.integration.backups.conftest import Life, keys_named, rows_of
from workers.upkeep.sweep_storage import sweep_storage


@pytest.fixture(autouse=True)
def servers(site: Site, storage_settings: StorageSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named by the environment, as on servers of one's own."""
    monkeypatch.setenv("CALLSCRIBE_DATABASE_URL", site.database_url.get_secret_value())
    for name, value in storage_settings.model_dump(exclude_defaults=True).items():
        shown = value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
        monkeypatch.setenv(f"CALLSCRIBE_STORAGE__{name.upper()}", shown)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


class TestRehearsal:
    def test_is_held_in_servers_of_its_own_and_leaves_nothing(
        self, site: Site, backup: Path, tmp_path: Path
    ) -> None:
        """Although the environment names others."""
        before = rows_of(site)
        scratch = tmp_path / "scratch"
        scratch.mkdir()

        rehearsal = run("rehearse", backup, "--scratch", scratch)

        assert rehearsal.exit_code == 0, rehearsal.output
        assert "restored and the same" in rehearsal.stdout
        assert "transcripts read through the API: 1" in rehearsal.stdout
        assert list(scratch.iterdir()) == []
        assert rows_of(site) == before


class TestCommands:
    def test_say_that_all_is_well(self, site: Site, life: Life, tmp_path: Path) -> None:
        backup = tmp_path / "backup"
        with site.sessions() as sessions:
            # What other tests left in the bucket.
            sweep_storage(sessions, site.storage, grace=timedelta(seconds=-2))

        said = [run("make", backup), run("check", backup), run("compare", backup), run("erased")]

        assert [result.exit_code for result in said] == [0, 0, 0, 0]
        assert said[1].stdout.startswith("whole: ")
        assert said[2].stdout.startswith("the same: ")
        assert said[3].stdout == f"{life.erased}\n"

    def test_name_what_is_damaged(self, backup: Path) -> None:
        (backup / DUMP).write_bytes(b"PGDMP")

        result = run("check", backup)

        assert isinstance(result.exception, BackupDamaged)
        assert "database.dump has 5 bytes instead of" in result.stderr

    def test_name_what_differs(self, site: Site, backup: Path) -> None:
        lost = max(keys_named(site))
        site.storage.delete(lost)

        result = run("compare", backup)

        assert isinstance(result.exception, RestoredStateDiffers)
        assert f"object {lost} is missing" in result.stderr

    def test_name_what_the_system_itself_has_lost(self, site: Site, life: Life, tmp_path: Path) -> None:
        lost = max(keys_named(site))
        site.storage.delete(lost)

        result = run("make", tmp_path / "backup", "--settled-within", 0)

        assert isinstance(result.exception, ObjectMissing)
        assert lost in result.stderr
        assert load(tmp_path / "backup").object_counts["missing"] == 1

    def test_refuse_a_list_that_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "list").write_text("all of them\n")

        result = run("restore", tmp_path, "--erase-listed", tmp_path / "list")

        assert "list is no list of ids" in str(result.exception)
