"""Drafts of migrations, written into a copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, text

import migrations
from core.database_address import driver_url
from migrations.revise import draft
from migrations.upgrade import upgrade


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    source = Path(migrations.__file__).parent
    return Path(shutil.copytree(source, tmp_path / "copy", ignore=shutil.ignore_patterns("__pycache__")))


def drop_weight(url: SecretStr) -> None:
    engine = create_engine(driver_url(url))
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE owners DROP COLUMN weight"))
    engine.dispose()


class TestDraft:
    def test_adds_what_the_schema_lacks(self, empty_database: SecretStr, copy: Path) -> None:
        upgrade(empty_database)
        drop_weight(empty_database)

        draft("expand", "add weight", empty_database, home=copy)

        newest = max(copy.glob("versions/*.py"))
        assert newest.name.endswith("_expand_add_weight.py")
        assert "'weight'" in newest.read_text()

    def test_is_not_written_when_nothing_is_lacking(self, empty_database: SecretStr, copy: Path) -> None:
        upgrade(empty_database)
        before = set(copy.glob("versions/*.py"))

        draft("expand", "add nothing", empty_database, home=copy)

        assert set(copy.glob("versions/*.py")) == before
