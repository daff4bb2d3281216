"""What a restored system has: all that the backup's moment had, and nothing that was erased since."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import ProgrammingError
from starlette.testclient import TestClient

from backups.comparing import differences
from backups.manifest import load
from backups.programs import find_programs
from backups.restoring import restore
from backups.site import Site
from core.database import SessionFactory
from core.database_address import driver_url
from core.errors import BackupDamaged, PostgresProgramMissing, RestoreRefused
from models import Event, Job, Owner, Transcript
from models.repositories import row_security
from models.repositories.jobs import JobRepository
from tests.integration.api import stages
from tests.integration.api.conftest import submit
from tests.integration.backups.conftest import Life, content_of, keys_named, objects_of, rows_of


class TestRestore:
    def test_brings_every_row_and_every_object_back(self, site: Site, backup: Path, elsewhere: Site) -> None:
        expected = rows_of(site)
        objects = {key: content_of(site.storage, key) for key in keys_named(site)}

        restored = restore(elsewhere, backup)

        assert restored.differences == []
        assert rows_of(elsewhere) == expected
        assert sum(1 for rows in expected.values() if rows) > 12
        assert objects_of(elsewhere) == objects
        assert len(objects) == 5
        heads = [
            elsewhere.storage.client.head_object(Bucket=elsewhere.storage.bucket, Key=key) for key in objects
        ]
        assert {head.get("ServerSideEncryption") for head in heads} == {"AES256"}

    def test_brings_back_what_guards_the_rows(self, old_backup: Path, elsewhere: Site) -> None:
        restore(elsewhere, old_backup)

        with elsewhere.sessions() as sessions, sessions.begin() as session:
            owners = {owner.name: owner.id for owner in session.scalars(select(Owner))}
            row_security.confine(session.connection(), owners["somebody else"])
            seen = session.scalars(select(Job.id)).all(), session.scalars(select(Owner.name)).all()
        assert seen == ([], ["somebody else"])
        with pytest.raises(ProgrammingError, match="takes no changes"), elsewhere.change() as connection:
            connection.execute(text("DELETE FROM audit_entries"))

    def test_erases_again_what_was_erased_since(
        self,
        *,
        site: Site,
        backup: Path,
        elsewhere: Site,
        life: Life,
        client: TestClient,
        sessions: SessionFactory,
    ) -> None:
        """And says so under numbers that no reader of the feed has passed, however far it had read."""
        stages.cancel(sessions, submit(client))
        listed = {life.completed, life.transcribing, life.erased, uuid.uuid4()}

        restored = restore(elsewhere, backup, erase=listed)

        assert (restored.differences, restored.erased) == ([], 2)
        with elsewhere.sessions() as there, there.begin() as session:
            assert session.scalars(select(Transcript.job_id)).all() == []
            jobs = [JobRepository(session).locked(each) for each in (life.completed, life.transcribing)]
            announced = session.scalars(select(Event.sequence).where(Event.job_id == life.transcribing)).one()
        assert all(job.erased_at and job.is_final for job in jobs)
        assert elsewhere.storage.keys("") == []
        with sessions.begin() as session:
            assert announced > max(session.scalars(select(Event.sequence)))


class TestRefusal:
    def test_of_a_database_with_tables(self, old_backup: Path, migrated: Site) -> None:
        with pytest.raises(RestoreRefused, match="tables"):
            restore(migrated, old_backup)

    def test_of_a_bucket_with_recordings(self, old_backup: Path, elsewhere: Site) -> None:
        elsewhere.storage.put("recordings/of somebody", b"RIFF")

        with pytest.raises(RestoreRefused, match="bucket"):
            restore(elsewhere, old_backup)

        with elsewhere.moment() as connection:
            assert (
                connection.execute(
                    text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
                ).scalar()
                == 0
            )

    def test_of_a_backup_that_is_damaged_before_anything_is_written(
        self, old_backup: Path, elsewhere: Site, tmp_path: Path
    ) -> None:
        damaged = shutil.copytree(old_backup, tmp_path / "damaged")
        (damaged / "objects.jsonl").write_text("")

        with pytest.raises(BackupDamaged):
            restore(elsewhere, damaged)

        assert elsewhere.storage.keys("") == []
        with elsewhere.moment() as connection:
            assert connection.execute(text("SELECT to_regclass('public.jobs')")).scalar() is None

    def test_of_a_user_whom_no_administrator_let_in(self, migrated: Site) -> None:
        """Nor may it let itself in."""
        engine = create_engine(driver_url(migrated.database_url))
        with engine.connect() as connection, connection.begin() as transaction:
            connection.execute(text("CREATE ROLE callscribe_test_stranger"))
            connection.execute(text("SET LOCAL ROLE callscribe_test_stranger"))
            with pytest.raises(RestoreRefused, match="an administrator must"):
                row_security.let_role_in(connection)
            transaction.rollback()
        engine.dispose()

    def test_of_machines_without_programs_that_are_new_enough(self) -> None:
        with pytest.raises(PostgresProgramMissing, match="Postgres 99"):
            find_programs(at_least=99)


CHANGES = {
    "table owners has other rows than the backup": "UPDATE owners SET weight = weight + 1",
    "table webhook_secrets has 0 rows instead of 1": "DELETE FROM webhook_secrets",
    "the schema is of revision 0001 instead of": "UPDATE alembic_version SET version_num = '0001'",
    "table alembic_version has other rows": "SELECT 1",
    "table of_mine is not of the backup": "CREATE TABLE of_mine ()",
    "missing: row security on jobs": "ALTER TABLE jobs DISABLE ROW LEVEL SECURITY",
    "missing: policy own_rows on batches": "DROP POLICY own_rows ON batches",
    "missing: CREATE TRIGGER append_only": "DROP TRIGGER append_only ON audit_entries",
    "missing: CREATE UNIQUE INDEX uq_events_job": "DROP INDEX uq_events_job",
    "missing: ck_jobs_final on jobs": "ALTER TABLE jobs DROP CONSTRAINT ck_jobs_final",
    "callscribe_tenant lacks rights to uploads": "REVOKE DELETE ON uploads FROM callscribe_tenant",
}
"""What is done to a restored database, and how its difference begins."""


class TestComparison:
    def test_finds_whatever_is_not_as_it_was(self, old_backup: Path, elsewhere: Site) -> None:
        restore(elsewhere, old_backup)
        with elsewhere.change() as connection:
            for statement in CHANGES.values():
                connection.execute(text(statement))
        storage = elsewhere.storage
        recordings, prepared = storage.keys("recordings/"), storage.keys("prepared/")
        storage.delete(prepared[0])
        storage.put(prepared[1], bytes(1_000))
        storage.put(recordings[0], b"short")
        storage.put("prepared/of nobody", b"fLaC")
        storage.put("elsewhere/of others", b"not ours")

        found = list(differences(elsewhere, old_backup, load(old_backup)))

        wanted = {
            *CHANGES,
            f"object {prepared[0]} is missing",
            f"object {prepared[1]} has other bytes",
            f"object {recordings[0]} has 5 bytes instead of",
            "object prepared/of nobody is named by no row",
        }
        unexpected = [each for each in found if not any(each.startswith(begin) for begin in wanted)]
        assert unexpected == []
        assert [begin for begin in wanted if not any(each.startswith(begin) for each in found)] == []

    def test_finds_a_wall_that_is_open(self, migrated: Site) -> None:
        with migrated.change() as connection:
            connection.execute(
                text("INSERT INTO owners (id, name, weight) VALUES (gen_random_uuid(), 'a', 1)")
            )
            connection.execute(text("ALTER POLICY own_rows ON owners USING (true)"))

        with migrated.moment() as connection:
            gaps = row_security.gaps(connection)

        assert gaps == ["owners shows rows to no owner at all"]

    def test_finds_a_user_who_may_not_go_behind_the_wall(self, migrated: Site) -> None:
        engine = create_engine(driver_url(migrated.database_url))
        with engine.connect() as connection, connection.begin() as transaction:
            connection.execute(text("CREATE ROLE callscribe_test_stranger"))
            connection.execute(text("SET LOCAL ROLE callscribe_test_stranger"))
            gaps = row_security.gaps(connection)
            transaction.rollback()
        engine.dispose()

        assert gaps == ["this user may not become callscribe_tenant"]
