"""Done, but told it failed: what a lost answer looks like to whoever asked."""

from __future__ import annotations

import os
import random
from pathlib import Path

from chaos.effects import Effect


class Lies:
    """An `Interference`. Each process, forks included, has a sequence of its own."""

    def __init__(self, *, rate: float, seed: int, tally: Path | None) -> None:
        self._rate = rate
        self._seed = seed
        self._tally = tally
        self._pid = 0

    def before(self, effect: Effect) -> None:
        """Nothing: a lie comes afterwards."""

    def after(self, effect: Effect) -> bool:
        if os.getpid() != self._pid:
            self._pid = os.getpid()
            self._chance = random.Random(f"{self._seed} {self._pid}")  # noqa: S311 - no secret
        lies = self._chance.random() < self._rate
        if lies and self._tally is not None:
            # Short and with O_APPEND: lines of several processes do not mix.
            with self._tally.open("a") as file:
                file.write(f"{effect}\n")
        return lies
