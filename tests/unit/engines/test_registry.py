from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from core.catalog import EngineFamily, model_named
from core.errors import CheckpointUnavailable
from core.settings import ModelStoreSettings
from workers.engines import registry
from workers.engines.scripted import ScriptedEngine
from workers.engines.settings import EngineSettings


class TestLoad:
    def test_warms_the_engine(self) -> None:
        engine = registry.load(model_named("scripted"), EngineSettings())

        assert isinstance(engine, ScriptedEngine)
        assert engine.batches == [1]

    def test_hands_the_settings_over(self) -> None:
        engine = registry.load(model_named("scripted"), EngineSettings(max_batch_chunks=3))

        assert engine.max_batch_chunks == 3
        assert engine.max_batch_seconds == 90.0

    def test_names_the_command_that_fetches_a_missing_checkpoint(self, tmp_path: Path) -> None:
        with pytest.raises(CheckpointUnavailable, match="callscribe models pull whisper-small"):
            registry.load(
                model_named("whisper-small"), EngineSettings(), ModelStoreSettings(models_dir=tmp_path)
            )

    def test_finds_a_module_for_every_family(self) -> None:
        assert registry.FAMILIES.keys() == set(EngineFamily)
        assert all(importlib.util.find_spec(module) for module in registry.FAMILIES.values())

    def test_does_not_import_torch_for_the_scripted_engine(self) -> None:
        program = (
            "import sys\n"
            "from core.catalog import model_named\n"
            "from workers.engines import registry, settings\n"
            "registry.load(model_named('scripted'), settings.EngineSettings())\n"
            "sys.exit('torch' in sys.modules)\n"
        )

        finished = subprocess.run([sys.executable, "-c", program], check=False)

        assert finished.returncode == 0
