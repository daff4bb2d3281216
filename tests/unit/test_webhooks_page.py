from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Final

from core.outbound.addresses import HTTPS_PORTS
from models import EventType
from workers.delivery.sending import BODY_LIMIT
from workers.settings import DeliverySettings

PAGE: Final = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
UNITS: Final = {"s": "seconds", "min": "minutes", "h": "hours"}


def pause(cell: str) -> timedelta:
    if cell == "at once":
        return timedelta(0)
    number, unit = cell.split()
    return timedelta(**{UNITS[unit]: int(number)})


class TestPage:
    def test_lists_every_event_type(self) -> None:
        assert re.findall(r"^\| `([a-z.]+)` \|", PAGE, re.MULTILINE) == list(EventType)

    def test_shows_the_schedule(self) -> None:
        found = re.search(r"^\| after \| (.*) \|$", PAGE, re.MULTILINE)

        assert found
        assert tuple(pause(cell) for cell in found[1].split(" | ")) == DeliverySettings().schedule

    def test_says_how_much_and_how_long(self) -> None:
        settings = DeliverySettings()

        assert f"{settings.timeout.total_seconds():.0f} s counts as none" in PAGE
        assert f"({BODY_LIMIT // 1024} kB at most)" in PAGE
        assert "https, ports {} and {}".format(*sorted(HTTPS_PORTS)) in PAGE
        assert settings.disable_after == timedelta(days=5)
