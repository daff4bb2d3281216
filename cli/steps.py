"""What is being done now, and how long each step took."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console


class Steps:
    """One line a step, with its time once it is over."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.seconds: dict[str, float] = {}
        """Of each step that is over, in order."""
        self._name: str | None = None
        self._begun = 0.0
        self._status = console.status("")

    def begin(self, name: str) -> None:
        """Ends the step before."""
        self.end()
        self._name = name
        self._begun = time.monotonic()
        self._status.update(f"{name} ...")
        self._status.start()

    def end(self) -> None:
        if self._name is None:
            return
        self._status.stop()
        self.seconds[self._name] = time.monotonic() - self._begun
        self.console.print(f"{self.seconds[self._name]:6.1f} s  {self._name}", highlight=False)
        self._name = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.end()
        else:
            self._status.stop()
