"""Checkpoints from the model hub, where it can be reached."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

import httpx2
from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.hf_api import ModelInfo
from huggingface_hub.utils.tqdm import disable_progress_bars

from core.errors import CheckpointUnavailable
from workers.engines.checkpoints import Manifest
from workers.engines.growth import Progress, watched

REACH_SECONDS: Final = 5.0
"""How long the hub may take to answer before the next source is tried."""

# One form of the weights; the hub often holds three more, and float32 beside float16.
PATTERNS: Final = [
    "*.json",
    "*.txt",
    "*.jinja",
    "model.safetensors",
    "model-*-of-*.safetensors",
]


@dataclass(frozen=True, slots=True)
class HubSource:
    """One repository of the hub, or of another that speaks its language."""

    wish: str
    """`organisation/name`, perhaps `@revision`."""
    endpoint: str | None = None
    """Another hub than the environment's."""

    def fetch(self, directory: Path, on_progress: Progress) -> Manifest:
        """Put the checkpoint into `directory`, going on where a broken download stopped."""
        repository, _, revision = self.wish.partition("@")
        disable_progress_bars()
        try:
            found = self._reach(repository, revision or None)
            sizes = _wanted(found)
            with watched(directory, f"Downloading {repository}", sum(sizes.values()), on_progress):
                self._download(repository, str(found.sha), directory)
        except (httpx2.HTTPError, OSError) as error:
            raise CheckpointUnavailable(f"The hub gave no {self.wish} ({type(error).__name__}).") from error
        _refuse_incomplete(directory, sizes)
        shutil.rmtree(directory / ".cache", ignore_errors=True)
        return Manifest(source=self.wish, revision=str(found.sha))

    def _reach(self, repository: str, revision: str | None) -> ModelInfo:
        api = HfApi(endpoint=self.endpoint)
        return api.model_info(repository, revision=revision, timeout=REACH_SECONDS, files_metadata=True)

    def _download(self, repository: str, commit: str, directory: Path) -> None:
        snapshot_download(
            repository,
            revision=commit,
            local_dir=directory,
            allow_patterns=PATTERNS,
            endpoint=self.endpoint,
            etag_timeout=REACH_SECONDS,
        )


def _wanted(found: ModelInfo) -> dict[str, int]:
    sizes = {file.rfilename: file.size or 0 for file in found.siblings or []}
    return {name: size for name, size in sizes.items() if any(fnmatch(name, wanted) for wanted in PATTERNS)}


def _refuse_incomplete(directory: Path, sizes: dict[str, int]) -> None:
    """The hub's client answers with what it has when the line breaks in between."""
    for name, size in sizes.items():
        path = directory / name
        if not path.is_file() or path.stat().st_size != size:
            raise CheckpointUnavailable(f"The download of {name} is not complete.")
