"""What the system has promised to a caller, written down outside of it."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field


@dataclass(slots=True)
class Promise:
    """One job that was answered with 202."""

    recording: str
    """Name of what was sent, whose transcript is known."""
    may_be_canceled: bool = False
    """Its caller asked for that; the answer, if any came, is not relied on."""
    may_be_erased: bool = False
    may_expire: bool = False


@dataclass(slots=True)
class Ledger:
    """Thread-safe."""

    promises: dict[uuid.UUID, Promise] = field(default_factory=dict)
    refusals: int = 0
    """Submissions that were not acknowledged, and sent again."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def acknowledge(self, job_id: uuid.UUID, promise: Promise) -> bool:
        """False if this job was promised to another submission already: then two have got the same."""
        with self._lock:
            is_new = job_id not in self.promises
            self.promises[job_id] = promise
            return is_new

    def refuse(self) -> None:
        with self._lock:
            self.refusals += 1

    def __len__(self) -> int:
        return len(self.promises)
