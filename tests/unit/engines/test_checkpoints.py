from __future__ import annotations

from pathlib import Path

import pytest

from core.catalog import CATALOG, model_named
from core.errors import CheckpointUnavailable
from core.settings import ModelStoreSettings
from workers.engines import checkpoints
from workers.engines.checkpoints import MANIFEST, Manifest

BASE = model_named("whisper-base")


@pytest.fixture
def store(tmp_path: Path) -> ModelStoreSettings:
    return ModelStoreSettings(models_dir=tmp_path / "models")


def put(directory: Path, *, source: str = "openai/whisper-base") -> None:
    directory.mkdir(parents=True)
    manifest = Manifest(source=source, revision="abc123")
    (directory / MANIFEST).write_text(manifest.model_dump_json())


class TestLocate:
    def test_finds_a_pulled_checkpoint_and_where_it_came_from(self, store: ModelStoreSettings) -> None:
        put(store.models_dir / "whisper-base")

        found = checkpoints.locate(BASE, store)

        assert found.path == store.models_dir / "whisper-base"
        assert (found.source, found.revision) == ("openai/whisper-base", "abc123")

    def test_says_how_to_get_a_checkpoint_that_is_not_there(self, store: ModelStoreSettings) -> None:
        with pytest.raises(CheckpointUnavailable, match="callscribe models pull whisper-base"):
            checkpoints.locate(BASE, store)

    def test_does_not_take_a_directory_without_a_manifest(self, store: ModelStoreSettings) -> None:
        (store.models_dir / "whisper-base").mkdir(parents=True)

        with pytest.raises(CheckpointUnavailable):
            checkpoints.locate(BASE, store)

    def test_needs_no_files_for_a_model_without_weights(self, store: ModelStoreSettings) -> None:
        assert checkpoints.locate(model_named("scripted"), store).revision == "built in"


class TestAnOperatorsOwnChoice:
    def test_of_a_directory_needs_no_manifest(self, tmp_path: Path) -> None:
        (tmp_path / "model.safetensors").write_bytes(b"weights")
        store = ModelStoreSettings(checkpoints={"whisper-base": str(tmp_path)})

        found = checkpoints.locate(BASE, store)

        assert found.path == tmp_path
        assert found.revision.startswith("sha256:")

    def test_of_a_directory_is_told_apart_by_its_weights(self, tmp_path: Path) -> None:
        store = ModelStoreSettings(checkpoints={"whisper-base": str(tmp_path)})
        (tmp_path / "model.safetensors").write_bytes(b"weights")
        before = checkpoints.locate(BASE, store).revision

        (tmp_path / "model.safetensors").write_bytes(b"other weights")

        assert checkpoints.locate(BASE, store).revision != before

    def test_of_a_hub_id_is_not_met_by_the_catalogs_checkpoint(self, tmp_path: Path) -> None:
        store = ModelStoreSettings(models_dir=tmp_path, checkpoints={"whisper-base": "acme/our-whisper"})
        put(tmp_path / "whisper-base", source="openai/whisper-base")

        with pytest.raises(CheckpointUnavailable):
            checkpoints.locate(BASE, store)

    def test_of_a_hub_id_is_met_by_what_was_pulled_from_it(self, tmp_path: Path) -> None:
        store = ModelStoreSettings(models_dir=tmp_path, checkpoints={"whisper-base": "acme/our-whisper"})
        put(tmp_path / "whisper-base", source="acme/our-whisper")

        assert checkpoints.locate(BASE, store).source == "acme/our-whisper"


class TestInstalled:
    def test_lists_what_this_machine_can_load(self, store: ModelStoreSettings) -> None:
        put(store.models_dir / "whisper-base")

        names = [checkpoint.model for checkpoint in checkpoints.installed(store)]

        assert names == ["whisper-base", "scripted"]
        assert set(names) < set(CATALOG)
