"""What operators are told to ask the database can be asked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import text

from core.database import SessionFactory

PAGE: Final = Path(__file__).parents[2] / "docs" / "operations.md"
QUERIES: Final = re.findall(r"```sql\n(.*?)```", PAGE.read_text(), re.DOTALL)


class TestQueries:
    @pytest.mark.parametrize("query", QUERIES)
    def test_are_understood(self, sessions: SessionFactory, query: str) -> None:
        with sessions.begin() as session:
            rows = session.execute(text(query))

            assert rows.keys()

    def test_are_there(self) -> None:
        assert len(QUERIES) >= 5
