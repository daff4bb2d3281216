from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.catalog import model_named
from core.errors import CheckpointUnavailable
from core.settings import ModelStoreSettings
from workers.engines import checkpoints, pulling
from workers.engines.checkpoints import Manifest
from workers.engines.growth import Progress, no_progress
from workers.engines.hub import HubSource
from workers.engines.wheels import WheelSource

BASE = model_named("whisper-base")


@dataclass
class ShelfSource:
    """A source that has the checkpoint at hand."""

    revision: str = "1"
    fetched: int = 0

    def fetch(self, directory: Path, on_progress: Progress) -> Manifest:
        on_progress("Taking it from the shelf", 1, 1)
        (directory / "model.safetensors").write_text(self.revision)
        self.fetched += 1
        return Manifest(source="shelf", revision=self.revision)


@dataclass
class ClosedSource:
    """A source that starts well and has nothing."""

    directories: list[Path] = field(default_factory=list)

    def fetch(self, directory: Path, on_progress: Progress) -> Manifest:
        self.directories.append(directory)
        (directory / "half").write_text("a file")
        raise CheckpointUnavailable("The shop is closed.")


@pytest.fixture
def store(tmp_path: Path) -> ModelStoreSettings:
    return ModelStoreSettings(models_dir=tmp_path)


class TestFetchFirst:
    def test_installs_what_the_first_source_has(self, store: ModelStoreSettings) -> None:
        found = pulling.fetch_first(BASE, store, [ShelfSource("7"), ClosedSource()], no_progress)

        assert (found.source, found.revision) == ("shelf", "7")
        assert (found.path / "model.safetensors").read_text() == "7"

    def test_asks_the_next_source_when_one_has_nothing(self, store: ModelStoreSettings) -> None:
        found = pulling.fetch_first(BASE, store, [ClosedSource(), ShelfSource()], no_progress)

        assert not (found.path / "half").exists()

    def test_tells_what_every_source_answered(self, store: ModelStoreSettings) -> None:
        with pytest.raises(CheckpointUnavailable, match="shop is closed"):
            pulling.fetch_first(BASE, store, [ClosedSource()], no_progress)

        assert checkpoints.find(BASE, store) is None

    def test_gives_a_source_its_half_done_work_back(self, store: ModelStoreSettings) -> None:
        source = ClosedSource()
        for _ in range(2):
            with pytest.raises(CheckpointUnavailable):
                pulling.fetch_first(BASE, store, [source], no_progress)

        first, second = source.directories
        assert first == second
        assert (first / "half").exists()

    def test_leaves_nothing_behind_but_the_checkpoint(self, store: ModelStoreSettings) -> None:
        pulling.fetch_first(BASE, store, [ClosedSource(), ShelfSource()], no_progress)

        assert [path.name for path in (store.models_dir / ".incoming").iterdir()] == []

    def test_takes_the_place_of_a_directory_that_is_no_checkpoint(self, store: ModelStoreSettings) -> None:
        broken = store.models_dir / "whisper-base"
        broken.mkdir(parents=True)
        (broken / "config.json").write_text("{}")

        found = pulling.fetch_first(BASE, store, [ShelfSource()], no_progress)

        assert not (found.path / "config.json").exists()


class TestPull:
    def test_fetches_nothing_that_is_there(self, store: ModelStoreSettings) -> None:
        installed = pulling.fetch_first(BASE, store, [ShelfSource()], no_progress)

        assert pulling.pull(BASE, store) == installed

    def test_waits_for_another_pull_and_takes_what_it_brought(self, store: ModelStoreSettings) -> None:
        waiting = threading.Event()

        def note(step: str, done: int, total: int) -> None:
            assert step == "Waiting for another pull"
            waiting.set()

        with ThreadPoolExecutor() as pool:
            with pulling.alone(BASE, store, no_progress):
                second = pool.submit(pulling.pull, BASE, store, note)
                assert waiting.wait(10)
                first = pulling.fetch_first(BASE, store, [ShelfSource()], no_progress)

            assert second.result(timeout=10) == first

    def test_of_a_model_without_weights_does_nothing(self, store: ModelStoreSettings) -> None:
        assert pulling.pull(model_named("scripted"), store).source == "built in"


class TestSources:
    def test_are_the_hub_first_and_then_wheels(self, store: ModelStoreSettings) -> None:
        found = pulling.sources(BASE, store)

        assert [type(source) for source in found] == [HubSource, WheelSource, WheelSource]

    def test_are_the_hub_alone_for_what_no_wheel_holds(self, store: ModelStoreSettings) -> None:
        glm = model_named("glm-asr-nano-2512")

        assert pulling.sources(glm, store) == [HubSource("zai-org/GLM-ASR-Nano-2512")]

    def test_are_the_operators_own_choice_alone(self, tmp_path: Path) -> None:
        store = ModelStoreSettings(models_dir=tmp_path, checkpoints={"whisper-base": "acme/whisper@v2"})

        assert pulling.sources(BASE, store) == [HubSource("acme/whisper@v2")]
