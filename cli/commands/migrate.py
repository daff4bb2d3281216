"""callscribe migrate"""

from __future__ import annotations

from core.settings import CoreSettings
from migrations.upgrade import upgrade


def migrate() -> None:
    """Bring the database to the newest schema; safe to run at any time."""
    upgrade(CoreSettings().database_url)
