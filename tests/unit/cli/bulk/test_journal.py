from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.bulk.journal import Journal
from cli.bulk.records import RECORDS, Added, Begun, Closed, Opened, Opening, Record, Uploaded
from core.errors import Conflict, PermanentError

IDS = st.text(min_size=1, max_size=5)
ANY_RECORD: st.SearchStrategy[Record] = st.one_of(
    st.builds(Opening, IDS),
    st.builds(Opened, st.uuids()),
    st.builds(Uploaded, IDS, st.uuids(), st.integers(0, 9), st.integers(0, 9), st.floats(0, 9)),
    st.builds(Added, st.lists(IDS).map(tuple), st.dictionaries(IDS, IDS)),
    st.builds(Closed),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "journal.jsonl"


class TestJournal:
    def test_says_the_same_to_the_next_process(self, path: Path) -> None:
        batch_id = uuid.uuid4()
        with Journal(path, digest="d") as journal:
            journal.note(Opening("key"), Opened(batch_id), Added(("a",), {"b": "unknown_model"}))

        with Journal(path, digest="d") as journal:
            progress = journal.progress

        assert (progress.key, progress.batch_id, progress.is_closed) == ("key", batch_id, False)
        assert (progress.added, progress.refused) == ({"a"}, {"b": "unknown_model"})

    @given(st.lists(ANY_RECORD, max_size=6))
    def test_reads_every_record_as_it_was_written(self, records: list[Record]) -> None:
        lines = [RECORDS.dump_json(record) for record in records]

        assert [RECORDS.validate_json(line) for line in lines] == records
        assert not any(b"\n" in line for line in lines)

    @pytest.mark.parametrize("lost", range(1, 20))
    def test_a_line_that_was_cut_off_never_was(self, path: Path, lost: int) -> None:
        with Journal(path, digest="d") as journal:
            journal.note(Opening("first"))
            journal.note(Opening("second"))
        path.write_bytes(path.read_bytes()[:-lost])

        with Journal(path, digest="d") as journal:
            assert journal.progress.key == "first"
            journal.note(Opening("third"))

        with Journal(path, digest="d") as journal:
            assert journal.progress.key == "third"

    @pytest.mark.parametrize("length", range(12))
    def test_a_first_line_that_was_cut_off_is_written_anew(self, path: Path, length: int) -> None:
        path.parent.mkdir()
        path.write_bytes(RECORDS.dump_json(Begun("d"))[:length])

        with Journal(path, digest="d") as journal:
            assert journal.progress.digest == "d"

        assert path.read_bytes() == RECORDS.dump_json(Begun("d")) + b"\n"

    def test_is_held_by_one_process_at_a_time(self, path: Path) -> None:
        with Journal(path, digest="d"), pytest.raises(Conflict, match="Another callscribe"):
            Journal(path, digest="d")

        Journal(path, digest="d").close()

    def test_of_another_submission_is_refused(self, path: Path) -> None:
        Journal(path, digest="d").close()

        with pytest.raises(Conflict, match="other recordings"):
            Journal(path, digest="other")

    def test_is_begun_anew_when_that_is_wanted(self, path: Path) -> None:
        with Journal(path, digest="d") as journal:
            journal.note(Opening("key"))

        with Journal(path, digest="other", anew=True) as journal:
            assert journal.progress.key is None

    @pytest.mark.parametrize("anew", [False, True])
    @pytest.mark.parametrize(
        "content", [b"RIFF....WAVE", b"RIFF\n..\n", b'{"key":"k","what":"opening"}\n', b"\n"]
    )
    def test_is_never_written_over_a_file_of_another_kind(
        self, path: Path, content: bytes, anew: bool
    ) -> None:
        path.parent.mkdir()
        path.write_bytes(content)

        with pytest.raises(PermanentError, match="no journal"):
            Journal(path, digest="d", anew=anew)

        assert path.read_bytes() == content

    def test_is_read_by_its_owner_only(self, path: Path) -> None:
        Journal(path, digest="d").close()

        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
