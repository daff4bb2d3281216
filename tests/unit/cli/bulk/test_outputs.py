from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.bulk.outputs import names_of, read_forms, write_out
from client import Batch, Client
from core.errors import InvalidRequest, ServerUnreachable
from tests.unit.cli.bulk.scripted_batch import PATH, have_results
from tests.unit.cli.scripted_api import Given, ScriptedApi
from tests.unit.client.batch_answers import batch

IDS = st.text(st.sampled_from("aA7/.\\\0\n退wv"), min_size=1, max_size=9) | st.sampled_from(
    ["7.wav", "7.mp3", "7.wav.mp3", "7.WAV", "../7.wav", "/etc/7.wav", "..", "", "退" * 200]
)


class TestNames:
    @given(st.sets(IDS, max_size=8))
    def test_are_of_different_files_below_the_folder(self, ids: set[str]) -> None:
        names = names_of(ids)

        assert names.keys() == ids
        assert len({name.casefold() for name in names.values()}) == len(ids)
        for name in names.values():
            path = PurePosixPath(name)
            assert not path.is_absolute()
            assert not {"..", "."} & set(name.split("/"))
            assert "\0" not in name
            assert all(0 < len(part.encode()) <= 220 for part in path.parts)

    def test_are_those_of_the_recordings_without_their_ends(self) -> None:
        assert names_of(["march/7.wav", "8", "9.5"]) == {"march/7.wav": "march/7", "8": "8", "9.5": "9.5"}

    def test_keep_ends_that_tell_recordings_apart(self) -> None:
        assert names_of(["7.wav", "7.mp3"]) == {"7.wav": "7.wav", "7.mp3": "7.mp3"}


class TestForms:
    def test_are_a_list(self) -> None:
        assert read_forms("json, csv") == ("json", "csv")

    @pytest.mark.parametrize("text", ["docx", "", "json,"])
    def test_that_there_are_not_are_refused(self, text: str) -> None:
        with pytest.raises(InvalidRequest):
            read_forms(text)


class TestWriting:
    def test_puts_tables_beside_the_calls(self, api: ScriptedApi, client: Client, tmp_path: Path) -> None:
        have_results(api, ["a.wav"])
        api.answers["GET", f"{PATH}/results"].clear()
        api.answer_text("GET", f"{PATH}/results", "custom_id\na.wav\n")
        api.answer_text("GET", f"{PATH}/errors", "custom_id,code\nb.wav,audio_empty\n")
        ended = Batch.model_validate(batch(request_counts={"total": 2, "completed": 1, "failed": 1}))

        count = write_out(client, ended, tmp_path / "out", ["csv"])

        assert count == 1
        assert (tmp_path / "out" / "calls.csv").read_text() == "custom_id\na.wav\n"
        assert (tmp_path / "out" / "errors.csv").read_text().startswith("custom_id,code\n")

    def test_that_breaks_off_leaves_nothing_half_written(
        self, api: ScriptedApi, client: Client, tmp_path: Path
    ) -> None:
        api.give("GET", f"{PATH}/results", Given(200, b"custom_id\n", missing=9))

        with pytest.raises(ServerUnreachable):
            write_out(client, Batch.model_validate(batch(request_counts={})), tmp_path, ["csv"])

        assert list(tmp_path.iterdir()) == []

    def test_of_results_that_break_off_is_an_error(
        self, api: ScriptedApi, client: Client, tmp_path: Path
    ) -> None:
        have_results(api, ["a.wav"])
        api.answers["GET", f"{PATH}/results"].clear()
        api.give("GET", f"{PATH}/results", Given(200, b"", missing=9))

        with pytest.raises(ServerUnreachable):
            write_out(client, Batch.model_validate(batch(request_counts={})), tmp_path, ["json"])
