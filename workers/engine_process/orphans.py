"""A process that ends with its parent."""

from __future__ import annotations

import os
import threading
from typing import Final

PARENT_CHECK_S: Final = 1.0


def end_with_parent() -> None:
    """From now on. Without it the child of a killed parent goes on for ever, its engine on the device."""
    threading.Thread(target=_watch, args=(os.getppid(),), name="orphan watch", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        threading.Event().wait(PARENT_CHECK_S)
    os._exit(1)
