"""`python -m chaos.faulty ARGUMENTS`: callscribe, in a process with faults of its own."""

from __future__ import annotations

import sys

from chaos import effects, plants
from chaos.lies import Lies
from chaos.plants import Plant
from chaos.settings import FaultySettings
from cli import main as callscribe

PLANTED_IN = {
    Plant.NO_FENCE: "worker",
    Plant.NO_LEASE: "dispatcher",
    Plant.EARLY_ANSWER: "api",
}
"""The process that each bug is a bug of."""


def main() -> None:
    settings = FaultySettings()
    if settings.lie_rate:
        effects.install(Lies(rate=settings.lie_rate, seed=settings.seed, tally=settings.tally))
    if settings.plant is not None and PLANTED_IN[settings.plant] in sys.argv[1:2]:
        plants.plant(settings.plant)
    callscribe.main()


if __name__ == "__main__":
    main()
