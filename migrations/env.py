"""Alembic's entry: how a migration connects, how long it may lock, and who may run it."""

from __future__ import annotations

import time

from alembic import context
from sqlalchemy import NullPool, create_engine, event, text

from core.database import name_the_failure
from core.database_address import with_options
from core.errors import DatabaseUnavailable
from models import Record

LOCK_WITHIN_S = 120.0
LOOK_EVERY_S = 0.2
MIGRATION_LOCK = 0x63616C6C
"""Key of the advisory lock that only one migrator holds; `call` in ASCII."""

# A migration that cannot get its lock gives up, instead of queueing in front of all traffic.
OPTIONS = "-c lock_timeout=5000 -c statement_timeout=300000"

url = context.config.attributes["url"]
engine = create_engine(
    url,
    poolclass=NullPool,
    connect_args={
        "options": with_options(url, OPTIONS),
        "application_name": "callscribe migrate",
        "connect_timeout": 10,
    },
)
event.listen(engine, "handle_error", name_the_failure)
with engine.connect() as connection:
    deadline = time.monotonic() + LOCK_WITHIN_S
    # In a transaction that waits for the lock, an index that is built concurrently would wait for the waiter.
    while not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": MIGRATION_LOCK}).scalar():
        connection.commit()
        if time.monotonic() > deadline:
            raise DatabaseUnavailable("Another migration has been running for two minutes.")
        time.sleep(LOOK_EVERY_S)
    connection.commit()
    context.configure(connection=connection, target_metadata=Record.metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
