"""How often, and after which pauses, a request is sent again."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final


@dataclass(frozen=True, slots=True)
class Patience:
    """What is done about a server that fails, as one that is restarted does for a while."""

    pauses: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
    """Seconds before each further try; a minute in all, which a restart takes at most."""
    longest: float = 60.0
    """Seconds that an answer may ask for by `Retry-After`; what asks for more gets these."""
    pause: Callable[[float], None] = time.sleep

    def before_next(self, own: float, asked: str | None) -> float:
        """Seconds to wait: ours, or as many as the server wants, if that is more."""
        return max(own, min(seconds_of(asked, now=datetime.now(UTC)), self.longest))


PATIENT: Final = Patience()
IMPATIENT: Final = Patience(pauses=())
"""For those before whom somebody sits: an error at once is better than a minute of silence."""


def seconds_of(retry_after: str | None, *, now: datetime) -> float:
    """Either form of the header (RFC 9110, 10.2.3), as seconds; 0 for what is neither."""
    text = (retry_after or "").strip()
    if re.fullmatch(r"[0-9]{1,20}", text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    # The standard library leaves the zone away where the header says -0000.
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())
