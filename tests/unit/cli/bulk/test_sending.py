from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.bulk.journal import Journal
from cli.bulk.plan import Piece, Plan
from cli.bulk.sending import FRESH_S, Sender
from client import SubmitOptions
from core.errors import Conflict, Unauthenticated
from tests.unit.cli.bulk.far_side import Crash, FarSide, Life


class Nobody:
    """Watches and says nothing."""

    def on_sent(self, piece: Piece, sent: int) -> None: ...

    def on_uploaded(self) -> None: ...

    def on_look(self, batch_id: uuid.UUID) -> None: ...


@dataclass(frozen=True)
class Death:
    at: int
    """The request at which the process is killed."""
    after: bool
    torn: float
    """The part that is lost of what was written since the last request."""


@dataclass
class Desk:
    """A folder with recordings, its journal, and a server."""

    folder: Path
    far_side: FarSide = field(default_factory=FarSide)
    deaths: int = 0
    now: float = 1_000_000.0

    @property
    def journal(self) -> Path:
        return self.folder / "journal.jsonl"

    def record(self, *names: str) -> None:
        for name in names:
            (self.folder / name).write_bytes(f"sound of {name}".encode())

    def plan(self, *names: str, digest: str = "d", **changes: object) -> Plan:
        pieces = tuple(Piece(name, path=self.folder / name, filename=name) for name in names)
        return Plan(pieces, digest, name="March", defaults=SubmitOptions(language="zh"))

    def send(self, plan: Plan, *, death: Death | None = None, at_once: int = 1) -> Sender | None:
        """None if it was killed before it was through."""
        # What an earlier process wrote is on disk.
        sizes = [self.journal.stat().st_size if self.journal.exists() else 0]
        life = Life(
            self.far_side,
            ends_at=death.at if death else None,
            after=bool(death and death.after),
            on_request=lambda _: sizes.append(self.journal.stat().st_size),
        )
        try:
            with life.client() as client, Journal(self.journal, digest=plan.digest) as journal:
                sender = Sender(client, journal, Nobody(), at_once=at_once, clock=lambda: self.now)
                sender.send(plan)
                return sender
        except Crash:
            assert death is not None
            self.deaths += 1
            self._tear(sizes[-1], death.torn)
            return None

    def _tear(self, safe: int, torn: float) -> None:
        """What was written after the last request may not have reached the disk, or in part."""
        written = self.journal.stat().st_size
        os.truncate(self.journal, written - round(torn * (written - safe)))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


DEATHS = st.lists(st.builds(Death, st.integers(0, 16), st.booleans(), st.floats(0, 1)), max_size=5)


class TestCrashes:
    @settings(max_examples=60, deadline=None)
    @given(st.integers(1, 5), DEATHS, st.integers(1, 3))
    def test_every_file_is_sent_once_whenever_the_process_is_killed(
        self, count: int, deaths: Sequence[Death], at_once: int
    ) -> None:
        names = [f"{number}.wav" for number in range(count)]
        with tempfile.TemporaryDirectory() as directory:
            desk = Desk(Path(directory))
            desk.record(*names)
            for death in deaths:
                desk.send(desk.plan(*names), death=death, at_once=at_once)

            survivor = desk.send(desk.plan(*names))

        assert survivor is not None
        assert survivor.journal.progress.added == set(names)
        (batch,) = desk.far_side.batches.values()
        assert sorted(batch.items) == names
        assert [desk.far_side.content_of(name) for name in names] == [
            f"sound of {name}".encode() for name in names
        ]
        assert batch.is_closed
        # Only what was on its way when the process was killed goes out once more.
        assert desk.far_side.puts.total() <= count + desk.deaths * at_once

    @settings(max_examples=30, deadline=None)
    @given(DEATHS, DEATHS)
    def test_files_that_came_later_are_sent_once_too_and_in_a_batch_of_their_own(
        self, first: Sequence[Death], second: Sequence[Death]
    ) -> None:
        with tempfile.TemporaryDirectory() as directory:
            desk = Desk(Path(directory))
            desk.record("a.wav", "b.wav", "c.wav")
            for deaths, names in ((first, ["a.wav", "b.wav"]), (second, ["a.wav", "b.wav", "c.wav"])):
                for death in deaths:
                    desk.send(desk.plan(*names), death=death)
                desk.send(desk.plan(*names))

        assert [sorted(each.items) for each in desk.far_side.batches.values()] == [
            ["a.wav", "b.wav"],
            ["c.wav"],
        ]

    def test_a_finished_upload_is_not_sent_again(self, desk: Desk) -> None:
        desk.record("a.wav")
        plan = desk.plan("a.wav")
        # Batch, upload, PUT, and the first page of items is lost on its way.
        desk.send(plan, death=Death(at=3, after=False, torn=0))

        desk.send(plan)

        assert desk.far_side.puts[b"sound of a.wav"] == 1


class TestSending:
    def test_opens_one_batch_with_what_was_asked_for(self, desk: Desk) -> None:
        desk.record("a.wav")

        desk.send(desk.plan("a.wav"))

        (batch,) = desk.far_side.batches.values()
        assert batch.asked == {"name": "March", "open": True, "defaults": {"language": "zh"}}
        assert batch.items["a.wav"]["filename"] == "a.wav"

    def test_sends_nothing_when_all_was_sent(self, desk: Desk) -> None:
        desk.record("a.wav")
        first = desk.send(desk.plan("a.wav"))

        again = desk.send(desk.plan("a.wav"))

        assert first is not None
        assert again is not None
        assert first.journal.progress.batch_id == again.journal.progress.batch_id
        assert len(desk.far_side.batches) == desk.far_side.puts.total() == 1

    def test_goes_on_after_a_file_that_cannot_be_read(self, desk: Desk) -> None:
        desk.record("b.wav")

        sender = desk.send(desk.plan("a.wav", "b.wav"))

        assert sender is not None
        assert desk.far_side.all_items() == ["b.wav"]
        assert "No such file" in sender.unsent["a.wav"]

    def test_tries_a_file_again_that_could_not_be_read(self, desk: Desk) -> None:
        desk.record("b.wav")
        desk.send(desk.plan("a.wav", "b.wav"))
        desk.record("a.wav")

        desk.send(desk.plan("a.wav", "b.wav"))

        assert desk.far_side.all_items() == ["b.wav", "a.wav"]

    @pytest.mark.parametrize("refuses_pages", [False, True])
    def test_an_item_that_is_refused_keeps_no_other_back(self, desk: Desk, refuses_pages: bool) -> None:
        # Objects of a store wait for no upload: they are one page.
        names = [f"{number}.wav" for number in range(5)]
        plan = Plan(tuple(Piece(name, url=f"s3://calls/{name}") for name in names), "d")
        desk.far_side.refused = {"3.wav": "unknown_model"}
        desk.far_side.refuses_pages = refuses_pages

        sender = desk.send(plan)

        assert sender is not None
        assert sorted(desk.far_side.all_items()) == [name for name in names if name != "3.wav"]
        assert sender.journal.progress.refused.keys() == {"3.wav"}

    def test_ends_when_the_key_is_taken_back_meanwhile(self, desk: Desk) -> None:
        desk.record("a.wav")
        desk.far_side.lets_nobody_upload = True

        with pytest.raises(Unauthenticated):
            desk.send(desk.plan("a.wav"))

    def test_what_was_refused_is_not_sent_again(self, desk: Desk) -> None:
        desk.record("a.wav")
        desk.far_side.refused = {"a.wav": "unknown_model"}
        desk.send(desk.plan("a.wav"))

        desk.send(desk.plan("a.wav"))

        assert desk.far_side.puts.total() == 1

    def test_what_was_refused_is_not_held_against_a_later_batch(self, desk: Desk) -> None:
        desk.record("a.wav", "b.wav")
        desk.far_side.refused = {"a.wav": "unknown_model"}
        desk.send(desk.plan("a.wav"))

        sender = desk.send(desk.plan("a.wav", "b.wav"))

        assert sender is not None
        assert sender.journal.progress.refused == {}
        assert desk.far_side.all_items() == ["b.wav"]

    def test_objects_of_a_store_are_not_uploaded(self, desk: Desk) -> None:
        plan = Plan((Piece("a", url="s3://calls/a.wav"),), "d")

        desk.send(plan)

        (batch,) = desk.far_side.batches.values()
        assert batch.items["a"] == {"custom_id": "a", "url": "s3://calls/a.wav"}

    def test_of_a_batch_that_somebody_else_closed_is_a_conflict(self, desk: Desk) -> None:
        desk.record("a.wav")
        desk.send(desk.plan("a.wav"), death=Death(at=1, after=True, torn=0))
        (batch,) = desk.far_side.batches.values()
        batch.is_closed = True

        with pytest.raises(Conflict):
            desk.send(desk.plan("a.wav"))


class TestUploadsOfAnEarlierRun:
    @pytest.fixture
    def plan(self, desk: Desk) -> Plan:
        """Of one file that is in storage and in no batch yet."""
        desk.record("a.wav")
        plan = desk.plan("a.wav")
        desk.send(plan, death=Death(at=3, after=False, torn=0))
        return plan

    def test_are_not_relied_on_when_the_file_has_changed_since(self, desk: Desk, plan: Plan) -> None:
        (desk.folder / "a.wav").write_bytes(b"more sound")

        desk.send(plan)

        assert desk.far_side.content_of("a.wav") == b"more sound"

    def test_are_not_relied_on_when_the_server_may_have_swept_them(self, desk: Desk, plan: Plan) -> None:
        desk.now += FRESH_S + 1

        desk.send(plan)

        assert desk.far_side.puts[b"sound of a.wav"] == 2

    def test_are_of_no_use_when_the_file_is_gone(self, desk: Desk, plan: Plan) -> None:
        (desk.folder / "a.wav").unlink()

        sender = desk.send(plan)

        assert sender is not None
        assert desk.far_side.all_items() == []
        assert sender.unsent.keys() == {"a.wav"}
