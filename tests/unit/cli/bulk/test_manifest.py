from __future__ import annotations

from pathlib import Path

import pytest

from cli.bulk.manifest import Entry, read_manifest
from client import SubmitOptions
from core.errors import InvalidRequest


def read(tmp_path: Path, name: str, text: str, *, encoding: str = "utf-8") -> list[Entry]:
    path = tmp_path / name
    path.write_text(text, encoding=encoding, newline="")
    return read_manifest(path)


class TestTable:
    def test_has_recordings_with_options_and_all_else_as_metadata(self, tmp_path: Path) -> None:
        text = "file,custom_id,language,roles,agent,队列\na.wav,7,zh,left=agent,Li,退款\nb.wav,,,,,\n"

        first, second = read(tmp_path, "m.csv", text)

        roles, metadata = {"0": "agent"}, {"agent": "Li", "队列": "退款"}
        options = SubmitOptions(language="zh", roles=roles, metadata=metadata)
        assert first == Entry("7", "a.wav", None, None, options)
        assert second == Entry("b.wav", "b.wav", None, None, SubmitOptions())

    def test_has_every_option_of_a_job(self, tmp_path: Path) -> None:
        text = (
            "file,model,lane,script,webhook_url,expires_at,reuse,metadata.queue\n"
            "a.wav,whisper-base,live,hans,https://qa.example/,2026-11-22T18:00:00+01:00,true,refunds\n"
        )

        (entry,) = read(tmp_path, "m.csv", text)

        assert entry.options.body() == {
            "model": "whisper-base",
            "lane": "live",
            "script": "hans",
            "webhook_url": "https://qa.example/",
            "expires_at": "2026-11-22T18:00:00+01:00",
            "reuse": True,
            "metadata": {"queue": "refunds"},
        }

    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    @pytest.mark.parametrize("line_end", ["\n", "\r\n"])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
    def test_is_read_as_any_program_writes_it(
        self, tmp_path: Path, delimiter: str, line_end: str, encoding: str
    ) -> None:
        rows = [["file", "note"], ["通话.wav", '"one,\u2028two; three"'], []]
        text = line_end.join(delimiter.join(row) for row in rows)

        (entry,) = read(tmp_path, "m.csv", text, encoding=encoding)

        assert (entry.file, entry.options.metadata) == ("通话.wav", {"note": "one,\u2028two; three"})

    def test_ends_a_line_where_tables_do_and_nowhere_else(self, tmp_path: Path) -> None:
        (entry,) = read(tmp_path, "m.csv", "file,note\na.wav,one\u2028two\x85three\n")

        assert entry.options.metadata == {"note": "one\u2028two\x85three"}

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("file,agent\na.wav,Li,Wang\n", "m.csv, line 2: more fields"),
            ("file\na.wav\na.wav\n", "line 3: 'a.wav' is there twice"),
            ("name\na.wav\n", "line 2: either `file` or `url`"),
            ("file,url\na.wav,s3://b/k\n", "line 2: either `file` or `url`"),
            ("file,custom_id\na.wav," + "x" * 257 + "\n", "at most 256"),
            ("file,roles\na.wav,up=agent\n", "line 2: 'up=agent'"),
            ("file,expires_at\na.wav,tomorrow\n", "line 2: 'tomorrow' is no time"),
            ("file,expires_at\na.wav,2026-11-22T18:00:00\n", "line 2: .* says no zone"),
            ("file,reuse\na.wav,yes\n", "line 2: `reuse` must be true or false"),
            ("file,upload_id\na.wav,7d0f8a70\n", "line 2: `upload_id` is for manifests"),
            ("file\n", "names no recordings"),
            ("", "names no recordings"),
        ],
    )
    def test_that_is_wrong_is_refused_with_its_line(self, tmp_path: Path, text: str, said: str) -> None:
        with pytest.raises(InvalidRequest, match=said):
            read(tmp_path, "m.csv", text)

    def test_that_is_not_utf_8_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidRequest, match="not UTF-8"):
            read(tmp_path, "m.csv", "file\n通话.wav\n", encoding="gb18030")


class TestObjects:
    def test_have_what_an_item_may_have(self, tmp_path: Path) -> None:
        text = (
            '{"url": "s3://calls/a.wav", "custom_id": "7", "roles": ["agent", "customer"], '
            '"metadata": {"n": 1}}\n'
            "\n"
            '{"file": "b.wav", "roles": {"1": "customer"}, "filename": "B"}\n'
        )

        first, second = read(tmp_path, "m.jsonl", text)

        assert first == Entry(
            "7", None, "s3://calls/a.wav", None, SubmitOptions(roles="agent,customer", metadata={"n": 1})
        )
        assert second == Entry("b.wav", "b.wav", None, "B", SubmitOptions(roles={"1": "customer"}))

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ('{"file": "a.wav", "langage": "zh"}', "line 1: 'langage' means nothing"),
            ("[1]", "line 1: not a JSON object"),
            ('{"file": ', "line 1: not a JSON object"),
            ('{"file": 7}', "line 1: `file` must be text"),
            ('{"file": "a.wav", "metadata": "x"}', "line 1: `metadata` must be an object"),
        ],
    )
    def test_that_are_wrong_are_refused_with_their_line(self, tmp_path: Path, line: str, said: str) -> None:
        with pytest.raises(InvalidRequest, match=said):
            read(tmp_path, "m.jsonl", line)

    def test_of_another_kind_of_file_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidRequest, match=r"neither \.csv nor \.jsonl"):
            read(tmp_path, "m.xlsx", "file\n")
