"""Draft a migration of what the models have and the schema lacks.

`python -m migrations.revise expand "add webhooks"`. The models are compared with an embedded Postgres
that has all migrations so far. What it writes is a draft: checks and the values of enums are not compared.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.operations import MigrationScript
from alembic.runtime.migration import MigrationContext
from pydantic import SecretStr

from core.database_address import driver_url
from embedded.settings import EmbeddedSettings
from embedded.stack import EmbeddedStack
from migrations.upgrade import upgrade

HERE = Path(__file__).parent


def draft(kind: str, what: str, database_url: SecretStr, *, home: Path = HERE) -> None:
    """One file in versions/, numbered after the newest; none if nothing is lacking."""
    config = Config()
    config.set_main_option("script_location", str(home))
    config.attributes["url"] = driver_url(database_url)
    newest = max(int(path.name[:4]) for path in (home / "versions").glob("[0-9]*.py"))
    command.revision(
        config,
        message=f"{kind} {what}",
        autogenerate=True,
        rev_id=f"{newest + 1:04}",
        process_revision_directives=_drop_empty,
    )


def _drop_empty(
    _context: MigrationContext, _revision: str | Iterable[str | None], directives: list[MigrationScript]
) -> None:
    if all(script.upgrade_ops is None or script.upgrade_ops.is_empty() for script in directives):
        directives.clear()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m migrations.revise")
    parser.add_argument("kind", choices=("expand", "contract"))
    parser.add_argument("what", help="a few words, such as: add webhooks")
    wish = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as state_dir,
        EmbeddedStack(EmbeddedSettings(state_dir=Path(state_dir))) as stack,
    ):
        database_url = SecretStr(stack.environment["CALLSCRIBE_DATABASE_URL"])
        upgrade(database_url)
        draft(wish.kind, wish.what, database_url)


if __name__ == "__main__":
    main()
