"""Every engine, loaded once, in float32 so that rounding is the same on every machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.catalog import EngineFamily, Model, model_named
from core.settings import ModelStoreSettings
from tests.conformance import tiny_glm_asr
from workers.engines import pulling, registry
from workers.engines.base import Engine
from workers.engines.settings import EngineSettings

MODELS = ("scripted", "glm-asr-nano-2512", "whisper-tiny.en", "whisper-base")
MOST_CHUNKS = 6

REAL = [pytest.param(name, marks=pytest.mark.models) for name in MODELS[2:]]


@pytest.fixture(scope="session")
def tiny_glm_store(tmp_path_factory: pytest.TempPathFactory) -> ModelStoreSettings:
    """Has random weights under the name of the real model, which is too large to test with."""
    directory = tmp_path_factory.mktemp("glm")
    tiny_glm_asr.build(directory)
    return ModelStoreSettings(checkpoints={"glm-asr-nano-2512": str(directory)})


class Shelf:
    """Loads each engine when it is first asked for, and keeps it: tests come in any order."""

    def __init__(self, tiny_glm_store: ModelStoreSettings) -> None:
        self._tiny_glm_store = tiny_glm_store
        self._engines: dict[str, Engine] = {}

    def take(self, name: str) -> Engine:
        if name not in self._engines:
            self._engines[name] = self._load(model_named(name))
        return self._engines[name]

    def close(self) -> None:
        for engine in self._engines.values():
            engine.close()

    def _load(self, model: Model) -> Engine:
        store = self._tiny_glm_store if model.family is EngineFamily.GLM_ASR else ModelStoreSettings()
        pulling.pull(model, store)
        settings = EngineSettings(device="cpu", dtype="float32", max_batch_chunks=MOST_CHUNKS)
        return registry.load(model, settings, store)


@pytest.fixture(scope="session")
def shelf(tiny_glm_store: ModelStoreSettings) -> Iterator[Shelf]:
    shelf = Shelf(tiny_glm_store)
    yield shelf
    shelf.close()


@pytest.fixture(params=[*MODELS[:2], *REAL])
def engine(request: pytest.FixtureRequest, shelf: Shelf) -> Engine:
    """Each engine in turn."""
    return shelf.take(request.param)


@pytest.fixture(params=REAL)
def whisper(request: pytest.FixtureRequest, shelf: Shelf) -> Engine:
    """Each Whisper checkpoint in turn."""
    return shelf.take(request.param)


@pytest.fixture
def multilingual(shelf: Shelf) -> Engine:
    """The Whisper checkpoint that knows languages."""
    return shelf.take("whisper-base")
