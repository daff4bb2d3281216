from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Collection
from typing import Final

import pytest

from tests.integration.preparation.family import nurseries
from tests.integration.preparation.refusing import nursery_without
from workers.preparation.decoder import standing
from workers.preparation.decoder.limits import DecoderLimits
from workers.preparation.decoder.nursery import Nursery
from workers.preparation.decoder.walls import Wall

LIMITS: Final = DecoderLimits()
SET_UP: Final = """
import sys
from celery.apps.worker import Worker
from core import logging
from workers.app import app
import workers.lifecycle
logging.configure("INFO")
Worker(app=app, queues=sys.argv[1:], pool="solo", hostname="w@here").on_start()
"""


@pytest.fixture(autouse=True)
def _heard(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


class TestStanding:
    @pytest.mark.parametrize("missing", [(Wall.LANDLOCK,), (Wall.FILES, Wall.NETWORK), tuple(Wall)])
    def test_warns_of_what_is_missing(
        self, missing: Collection[Wall], caplog: pytest.LogCaptureFixture
    ) -> None:
        found = standing.missing_walls(LIMITS, nursery_without(missing))

        [line] = caplog.records
        assert found is not None
        assert found == set(vars(line)["missing"])
        assert line.levelno == logging.WARNING
        assert set(missing) <= set(vars(line)["missing"])
        assert set(vars(line)["walls"]) | set(vars(line)["missing"]) == set(Wall)

    def test_leaves_no_nursery(self) -> None:
        standing.missing_walls(LIMITS, Nursery())

        assert nurseries() == []

    def test_one_that_cannot_be_tried_is_told_and_no_more(self, caplog: pytest.LogCaptureFixture) -> None:
        standing.missing_walls(LIMITS, Nursery(command=[sys.executable, "-c", ""]))

        assert caplog.messages[-1] == "decoder could not be tried"


class TestWorker:
    @pytest.mark.parametrize(("queues", "is_told"), [(["prepare", "finish"], True), (["finish"], False)])
    def test_tells_as_it_starts_if_it_prepares(
        self, queues: list[str], is_told: bool, environment: dict[str, str]
    ) -> None:
        told = subprocess.run(
            [sys.executable, "-c", SET_UP, *queues],
            env={**os.environ, **environment},
            stderr=subprocess.STDOUT,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=120,
        )

        assert ("decoders are confined" in told.stdout) is is_told
