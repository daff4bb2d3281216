from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.commands import models
from core.errors import CheckpointUnavailable, UnknownModel
from workers.engines.checkpoints import MANIFEST, Manifest


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Holds one checkpoint."""
    (tmp_path / "whisper-base").mkdir()
    manifest = Manifest(source="openai/whisper-base", revision="abc123")
    (tmp_path / "whisper-base" / MANIFEST).write_text(manifest.model_dump_json())
    monkeypatch.setenv("CALLSCRIBE_MODELS_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")
    return tmp_path


class TestModels:
    def test_lists_every_model_and_what_is_here(self, store: Path) -> None:
        listed = CliRunner().invoke(models.app, ["list"]).output

        (base,) = [line for line in listed.splitlines() if "whisper-base" in line]
        (glm,) = [line for line in listed.splitlines() if "glm-asr" in line]
        assert "abc123" in base
        assert "not pulled" in glm

    def test_prints_the_directory_of_a_checkpoint(self, store: Path) -> None:
        printed = CliRunner().invoke(models.app, ["path", "whisper-base"]).output

        assert Path(printed.strip()) == store / "whisper-base"

    def test_pulls_nothing_that_is_here(self, store: Path) -> None:
        printed = CliRunner().invoke(models.app, ["pull", "whisper-base"]).output

        assert f"whisper-base is in {store / 'whisper-base'}" in printed

    def test_names_the_command_for_a_checkpoint_that_is_not_here(self, store: Path) -> None:
        result = CliRunner().invoke(models.app, ["path", "whisper-small"])

        assert isinstance(result.exception, CheckpointUnavailable)
        assert "callscribe models pull whisper-small" in str(result.exception)

    def test_refuses_a_model_that_nobody_knows(self, store: Path) -> None:
        result = CliRunner().invoke(models.app, ["pull", "nonsense"])

        assert isinstance(result.exception, UnknownModel)
