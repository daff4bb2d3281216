"""A model's engine, loaded and warm."""

from __future__ import annotations

import importlib
import logging
from time import perf_counter
from typing import Final, Protocol, cast

from core.catalog import EngineFamily, Model
from core.settings import ModelStoreSettings
from workers.engines import checkpoints, probe
from workers.engines.base import Chunk, Engine
from workers.engines.checkpoints import Checkpoint
from workers.engines.settings import EngineSettings

logger = logging.getLogger(__name__)

FAMILIES: Final = {
    EngineFamily.SCRIPTED: "workers.engines.scripted",
    EngineFamily.WHISPER: "workers.engines.whisper",
    EngineFamily.GLM_ASR: "workers.engines.glm_asr.loading",
}


class Family(Protocol):
    """A module under `workers/engines` that makes engines."""

    def load(self, settings: EngineSettings, checkpoint: Checkpoint) -> Engine: ...


def load(model: Model, settings: EngineSettings, store: ModelStoreSettings | None = None) -> Engine:
    """The engine, after its first recognition; `CheckpointUnavailable` if its weights are not here.

    Only the family that is asked for is imported: torch takes seconds, and `scripted` needs none.
    """
    started = perf_counter()
    checkpoint = checkpoints.locate(model, store or ModelStoreSettings())
    family = cast("Family", importlib.import_module(FAMILIES[model.family]))
    engine = family.load(settings, checkpoint)
    loaded = perf_counter()
    warm(engine)
    logger.info(
        "engine loaded",
        extra={
            "model": engine.identity.model,
            "engine_version": engine.identity.version,
            "device": engine.identity.device,
            "dtype": engine.identity.dtype,
            "max_batch_chunks": engine.max_batch_chunks,
            "load_seconds": round(loaded - started, 2),
            "warm_seconds": round(perf_counter() - loaded, 2),
        },
    )
    return engine


def warm(engine: Engine) -> None:
    """Let the engine hear a built-in clip, so that the first caller does not pay for lazy set-up."""
    engine.recognize([Chunk(probe.speech())])
