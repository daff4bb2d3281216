"""What is the same in every run of a statement, as a part of its text instead of a parameter.

Only then can Postgres keep one plan: of `state = $1` it does not know that a partial index fits, and of
`LIMIT $1` not how little will be read.
"""

from __future__ import annotations

from sqlalchemy import ColumnClause, literal_column


def constant(value: str) -> ColumnClause[str]:
    return literal_column(f"'{value}'")


def number(value: int) -> ColumnClause[int]:
    return literal_column(str(value))
