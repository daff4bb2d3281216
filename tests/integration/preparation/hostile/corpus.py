"""All files of the corpus by name; nothing of it is made before it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.integration.preparation.hostile.lies import LIES
from tests.integration.preparation.hostile.masquerades import MASQUERADES
from tests.integration.preparation.hostile.structures import STRUCTURES

CORPUS: Final[dict[str, Callable[[], bytes]]] = {**MASQUERADES, **LIES, **STRUCTURES}
