"""The engine of a worker, made where it is to run."""

from __future__ import annotations

from core import logging as log_lines
from core.catalog import model_named
from workers.engines import registry
from workers.engines.base import ContinuousEngine
from workers.engines.continuous import continuous
from workers.engines.settings import EngineSettings


def load_engine(model: str, *, log_level: str) -> ContinuousEngine:
    """Loaded and warm. Raises `CheckpointUnavailable`."""
    log_lines.configure(log_level)
    return continuous(registry.load(model_named(model), EngineSettings()))
