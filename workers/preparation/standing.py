"""What a worker says, as it starts, of how its decoders are confined on this machine."""

from __future__ import annotations

import logging
from contextlib import closing

from core.errors import DecoderUnavailable
from workers.preparation.decoding import walls_of
from workers.preparation.limits import DecoderLimits
from workers.preparation.nursery import Nursery
from workers.preparation.walls import Wall

logger = logging.getLogger(__name__)


def tell(limits: DecoderLimits, nursery: Nursery) -> None:
    """By trying one, once; closes the nursery. That it could not be is the first recording's trouble."""
    try:
        with closing(nursery):
            walls = walls_of(limits, nursery)
    except DecoderUnavailable:
        logger.warning("decoder could not be tried")
        return
    facts = {"walls": sorted(walls), "missing": sorted(set(Wall) - walls)}
    if facts["missing"]:
        logger.warning("decoders are confined less than they could be", extra=facts)
    else:
        logger.info("decoders are confined", extra=facts)
