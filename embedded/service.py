"""What the stack asks of each of its servers."""

from __future__ import annotations

from typing import Protocol

from embedded.program import Process


class Service(Protocol):
    name: str

    def start(self) -> Process:
        """Start without waiting for it to answer."""
        ...

    def serves(self) -> bool:
        """Whether it does right now what it is there for."""
        ...

    def sweep(self) -> None:
        """Remove what the ended server left outside the state directory."""
        ...

    @property
    def environment(self) -> dict[str, str]:
        """The settings by which the rest of Callscribe finds it."""
        ...
