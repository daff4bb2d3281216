"""One nursery for all tests of a file, as a worker has one for all recordings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from workers.preparation.decoder.nursery import Nursery


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()
