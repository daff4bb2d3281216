from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq

from tests.unit.cli.bulk.scripted_batch import PATH, result
from tests.unit.cli.scripted_api import ScriptedApi
from tests.unit.cli.test_export_command import run
from tests.unit.client.batch_answers import BATCH_ID


class TestParquet:
    def test_has_a_row_for_each_call(self, named_api: ScriptedApi, tmp_path: Path) -> None:
        quality = {"quality": {"trust": 0.5, "flags": [{"code": "loop"}]}}
        lines = [json.dumps(result(1, "a.wav", **quality)), json.dumps(result(2, "b.wav"))]
        named_api.answer_text("GET", f"{PATH}/results", "\n".join(lines))

        assert run(BATCH_ID, "--format", "parquet", "--out", tmp_path / "c.parquet").exit_code == 0

        first, second = pq.read_table(tmp_path / "c.parquet").to_pylist()
        assert (first["custom_id"], second["custom_id"]) == ("a.wav", "b.wav")
        assert (first["trust"], second["trust"]) == (0.5, None)
        assert json.loads(first["quality"])["flags"] == [{"code": "loop"}]
        assert first["text"] == "您好。\nHow can I help?"
        assert json.loads(first["metadata"]) == {"n": 1}
        assert [each["role"] for each in first["utterances"]] == ["agent", "customer"]
        assert first["duration_ms"] == 61_250
        assert pq.ParquetFile(tmp_path / "c.parquet").num_row_groups == 1

    def test_of_nothing_has_its_columns(self, named_api: ScriptedApi, tmp_path: Path) -> None:
        named_api.answer_text("GET", f"{PATH}/results", "")

        run(BATCH_ID, "--format", "parquet", "--out", tmp_path / "c.parquet")

        table = pq.read_table(tmp_path / "c.parquet")
        assert (table.num_rows, table.column_names[0]) == (0, "custom_id")

    def test_without_its_library_says_what_is_missing(self) -> None:
        script = (
            "import sys; sys.modules['pyarrow'] = None\n"
            "from core.errors import LibraryMissing\n"
            "try:\n    import cli.bulk.parquet\n"
            "except LibraryMissing as missing:\n    print(missing)"
        )

        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

        assert "Parquet needs pyarrow" in done.stdout
