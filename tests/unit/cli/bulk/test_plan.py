from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cli.bulk.plan import Plan, Wishes, plan
from client import SubmitOptions
from core.errors import InvalidRequest


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "calls").mkdir()
    for name in ("calls/a.wav", "calls/b.wav"):
        (tmp_path / name).touch()
    (tmp_path / "m.csv").write_text("file,agent\na.wav,Li\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(wishes: Wishes, *, api_url: str = "http://here") -> Plan:
    return plan(wishes, api_url=api_url)


class TestDigest:
    WISHES = Wishes(("calls",), name="March", defaults=SubmitOptions(language="zh"))

    def test_is_the_same_from_wherever_the_same_is_asked_for(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        here = made(self.WISHES)
        monkeypatch.chdir(folder / "calls")

        assert made(replace(self.WISHES, arguments=("../calls",))).digest == here.digest

    def test_is_the_same_when_files_come_to_the_folder(self, folder: Path) -> None:
        before = made(self.WISHES)
        (folder / "calls" / "c.wav").touch()
        after = made(self.WISHES)

        assert before.digest == after.digest
        assert after.pieces[:2] == before.pieces
        assert len(after.pieces) == 3

    @pytest.mark.parametrize(
        "other",
        [
            replace(WISHES, arguments=("calls/a.wav",)),
            replace(WISHES, name="April"),
            replace(WISHES, defaults=SubmitOptions(language="en")),
            replace(WISHES, manifest=Path("m.csv")),
        ],
    )
    def test_is_another_for_other_wishes(self, other: Wishes) -> None:
        assert made(other).digest != made(self.WISHES).digest

    def test_is_another_for_another_server(self) -> None:
        assert made(self.WISHES, api_url="http://there").digest != made(self.WISHES).digest


class TestManifest:
    def test_names_files_beside_it(self, folder: Path) -> None:
        (piece,) = made(Wishes((), manifest=Path("m.csv"))).pieces

        assert (piece.custom_id, piece.path) == ("a.wav", folder / "a.wav")
        assert piece.options.metadata == {"agent": "Li"}

    def test_names_files_in_the_folder_that_is_given(self, folder: Path) -> None:
        (piece,) = made(Wishes(("calls",), manifest=Path("m.csv"))).pieces

        assert piece.path == folder / "calls" / "a.wav"

    def test_goes_with_one_folder_at_most(self) -> None:
        with pytest.raises(InvalidRequest, match="at most one folder"):
            made(Wishes(("calls", "."), manifest=Path("m.csv")))
