"""How a worker's decoders are confined on this machine: tried once as it starts, and told from then on."""

from __future__ import annotations

import logging
import os
import socket
import threading
from contextlib import closing

from core.errors import DatabaseUnavailable, DecoderUnavailable
from models.repositories.prepare_workers import PrepareWorkerRepository
from workers.preparation.decoder.decoding import walls_of
from workers.preparation.decoder.limits import DecoderLimits
from workers.preparation.decoder.nursery import Nursery
from workers.preparation.decoder.walls import Wall
from workers.process import Process

logger = logging.getLogger(__name__)


def missing_walls(limits: DecoderLimits, nursery: Nursery) -> frozenset[Wall] | None:
    """By trying one decoder; logs what it finds and closes the nursery.

    None where it could not be tried: that is the first recording's trouble.
    """
    try:
        with closing(nursery):
            walls = walls_of(limits, nursery)
    except DecoderUnavailable:
        logger.warning("decoder could not be tried")
        return None
    missing = frozenset(Wall) - walls
    facts = {"walls": sorted(walls), "missing": sorted(missing)}
    if missing:
        logger.warning("decoders are confined less than they could be", extra=facts)
    else:
        logger.info("decoders are confined", extra=facts)
    return missing


class Standing:
    """Says in the database, now and then, that the worker is there and what its decoders lack.

    Each child of the worker says it, under the worker's name: the parent has no connection to lend.
    """

    def __init__(self, process: Process, missing: frozenset[Wall]) -> None:
        self.name = f"{socket.gethostname()}/{os.getppid()}"
        self._process = process
        self._missing = missing

    def start(self) -> None:
        threading.Thread(target=self._stay, name="standing", daemon=True).start()

    def tell(self) -> None:
        try:
            with self._process.sessions.begin() as session:
                PrepareWorkerRepository(session).beat(self.name, missing_walls=self._missing)
        except DatabaseUnavailable:
            logger.warning("standing not told")

    def _stay(self) -> None:
        pause = threading.Event()
        while True:
            self.tell()
            pause.wait(self._process.settings.heartbeat_every.total_seconds())
