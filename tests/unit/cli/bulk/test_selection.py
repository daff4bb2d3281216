from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.bulk.selection import LONGEST_ID, custom_id_of, select
from core.errors import InvalidRequest


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With recordings and other things; the present directory is above it."""
    for name in ("b.wav", "a.MP3", "march/c.wav", "notes.txt", ".hidden.wav", "march/._c.wav", "odd[1].wav"):
        path = tmp_path / "calls" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "calls"


def ids(*arguments: str) -> list[str]:
    found = select(arguments)
    return [custom_id_of(path, found.root) for path in found.recordings]


class TestSelection:
    def test_of_a_folder_is_every_recording_below_it(self, folder: Path) -> None:
        assert ids("calls") == ["a.MP3", "b.wav", "march/c.wav", "odd[1].wav"]
        assert select(["calls"]).passed_over == 1

    @pytest.mark.parametrize(
        ("pattern", "found"),
        [
            ("calls/*.wav", ["b.wav", "odd[1].wav"]),
            ("calls/**/*.wav", ["b.wav", "march/c.wav", "odd[1].wav"]),
            ("calls/odd[1].wav", ["odd[1].wav"]),
        ],
    )
    def test_of_a_pattern_is_what_it_matches(self, folder: Path, pattern: str, found: list[str]) -> None:
        assert ids(pattern) == found

    def test_of_a_file_is_that_file_whatever_it_is(self, folder: Path) -> None:
        assert ids("calls/notes.txt") == ["notes.txt"]

    def test_of_a_file_in_a_folder_with_brackets_begins_below_it(self, folder: Path) -> None:
        (folder / "of [March]").mkdir()
        (folder / "of [March]" / "d.wav").touch()

        assert ids("calls/of [March]/d.wav") == ["d.wav"]

    def test_has_each_file_once(self, folder: Path) -> None:
        assert ids("calls", "calls/b.wav", "calls/../calls/march") == ids("calls")

    def test_names_files_below_what_all_arguments_share(self, folder: Path) -> None:
        assert ids("calls/march/c.wav", "calls/b.wav") == ["b.wav", "march/c.wav"]

    def test_names_a_file_alike_whatever_else_comes_to_the_folder(self, folder: Path) -> None:
        before = ids("calls/march", "calls/b.wav")
        (folder / "march" / "b.wav").touch()

        assert set(before) < set(ids("calls/march", "calls/b.wav"))

    @pytest.mark.parametrize("argument", ["missing.wav", "missing/*.wav", "empty"])
    def test_refuses_an_argument_behind_which_there_is_nothing(self, folder: Path, argument: str) -> None:
        Path("empty").mkdir()

        with pytest.raises(InvalidRequest, match="no recordings"):
            select(["calls", argument])


ROOT = Path("/calls")
NAMES = st.lists(
    st.binary(min_size=1, max_size=400).filter(lambda name: not set(name) & set(b"/\0")), unique=True
)


class TestIds:
    @given(NAMES)
    def test_are_unique_text_that_the_api_takes(self, names: list[bytes]) -> None:
        paths = {ROOT / name.decode(errors="surrogateescape") for name in names if name not in {b".", b".."}}

        made = {custom_id_of(path, ROOT) for path in paths}

        assert len(made) == len(paths)
        assert all(1 <= len(each) <= LONGEST_ID and each.encode() for each in made)
