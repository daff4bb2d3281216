"""Alembic's entry: how a migration connects, how long it may lock, and who may run it."""

from __future__ import annotations

from alembic import context
from sqlalchemy import NullPool, create_engine, text

from models import Record

MIGRATION_LOCK = 0x63616C6C
"""Key of the advisory lock that only one migrator holds; `call` in ASCII."""

# A migration that cannot get its lock gives up, instead of queueing in front of all traffic.
OPTIONS = "-c lock_timeout=5000 -c statement_timeout=300000"

engine = create_engine(
    context.config.attributes["url"],
    poolclass=NullPool,
    connect_args={"options": OPTIONS, "application_name": "callscribe migrate", "connect_timeout": 10},
)
with engine.connect() as connection:
    connection.execute(text("SET lock_timeout = '120s'"))
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
    connection.execute(text("RESET lock_timeout"))
    connection.commit()
    context.configure(connection=connection, target_metadata=Record.metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
