"""Files that are made to do harm go the way of every recording, and none does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from core.errors import RecordingRejected
from tests.damage import cuts, mutants
from tests.integration.preparation.calls import recording_of
from tests.integration.preparation.family import decoders
from tests.integration.preparation.hostile.corpus import CORPUS
from tests.integration.preparation.hostile.formats import REAL, real
from workers.preparation.decoder.limits import DecoderLimits
from workers.preparation.decoder.nursery import Nursery
from workers.preparation.decoder.process import DecoderProcess
from workers.preparation.pipeline import prepare

LIMITS: Final = DecoderLimits(audio_seconds=600, wall_seconds=20, cpu_seconds=10, stall_seconds=10)
"""Tighter than usual, so that an hour is a bomb."""
PAGE: Final = Path(__file__).resolve().parents[3] / "docs" / "hostile-audio.md"
COMPLETED: Final = "completed"


class WatchedNursery(Nursery):
    """Remembers the decoder that it gave out last."""

    last: DecoderProcess | None = None

    @contextmanager
    def decoder(self, source: Path, limits: DecoderLimits) -> Iterator[DecoderProcess]:
        with super().decoder(source, limits) as self.last:
            yield self.last


class Desk:
    """Where files come in, one after the other, as to one worker."""

    def __init__(self, nursery: WatchedNursery, folder: Path) -> None:
        self.nursery = nursery
        self.source = folder / "recording"
        self.workdir = folder / "work"
        self.workdir.mkdir()

    def outcome_of(self, content: bytes) -> str:
        """The code of a refusal, or that it completed; whichever it is, it was cheap and clean."""
        self.source.write_bytes(content)
        try:
            recording = prepare(self.source, self.workdir, LIMITS, nursery=self.nursery)
        except RecordingRejected as refusal:
            outcome = refusal.code
        else:
            assert 0 < recording.duration_ms <= LIMITS.audio_seconds * 1000
            assert 0 < len(recording.channels) <= LIMITS.channels
            outcome = COMPLETED
        self._assert_clean()
        return outcome

    def _assert_clean(self) -> None:
        assert decoders() == []
        written = list(self.workdir.iterdir())
        assert sum(path.stat().st_size for path in written) <= 2 * 32_000 * (LIMITS.audio_seconds + 60)
        for path in written:
            path.unlink()
        if self.nursery.last is not None:
            ending = self.nursery.last.ending
            assert self.nursery.last.is_well, "the decoder died of it"
            assert ending is not None
            assert ending.cpu_seconds < LIMITS.cpu_seconds
            assert ending.memory_bytes < LIMITS.memory_bytes


@pytest.fixture(scope="module")
def nursery() -> Iterator[WatchedNursery]:
    nursery = WatchedNursery()
    yield nursery
    nursery.close()


@pytest.fixture
def desk(nursery: WatchedNursery, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(nursery, tmp_path)
    yield desk
    # Whoever comes next finds nothing amiss.
    assert desk.outcome_of(recording_of("call_en").read_bytes()) == COMPLETED


def rows_of_the_page() -> dict[str, str]:
    rows = re.findall(r"^\| (.+?) \| `?(\w+)`? \|$", PAGE.read_text(), re.MULTILINE)
    return {file: outcome for file, outcome in rows if file != "file"}


class TestCorpus:
    @pytest.mark.parametrize("name", CORPUS)
    def test_each_ends_as_the_page_says(self, name: str, nursery: WatchedNursery, tmp_path: Path) -> None:
        outcome = Desk(nursery, tmp_path).outcome_of(CORPUS[name]())

        assert rows_of_the_page().get(name) == outcome, f"| {name} | `{outcome}` |"

    def test_the_page_names_no_other(self) -> None:
        assert list(rows_of_the_page()) == list(CORPUS)

    def test_a_call_is_heard_as_ever_after_all_kinds(self, desk: Desk) -> None:
        names = list(CORPUS)[::20]

        assert {desk.outcome_of(CORPUS[name]()) for name in names} > {COMPLETED}


@pytest.mark.parametrize("kind", REAL)
class TestDamage:
    def test_a_file_that_was_cut_off_ends_by_name(self, kind: str, desk: Desk) -> None:
        for content in cuts(real(kind)):
            desk.outcome_of(content)

    def test_a_file_that_was_changed_ends_by_name(self, kind: str, desk: Desk) -> None:
        for content in mutants(real(kind), seed=6, count=6):
            desk.outcome_of(content)

    @pytest.mark.long
    def test_so_do_fifty_others(self, kind: str, desk: Desk) -> None:
        for content in mutants(real(kind), seed=7, count=50):
            desk.outcome_of(content)
