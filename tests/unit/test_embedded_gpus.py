"""One worker for each GPU: who finds them, and what is believed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from embedded import gpus
from embedded.system import Plan

Listing = Callable[[str], None]
TWO = "GPU 0: NVIDIA H200 (UUID: GPU-1a)\nGPU 1: NVIDIA H200 (UUID: GPU-2b)\n"
PARTED = "GPU 0: NVIDIA H200 (UUID: GPU-1a)\n  MIG 1g.18gb     Device  0: (UUID: MIG-3c)\n"


@pytest.fixture
def listing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Listing:
    """Puts an nvidia-smi on the path that runs this script; nothing else is there."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    def install(script: str) -> None:
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    return install


@pytest.fixture
def two_gpus(listing: Listing) -> None:
    listing(f"[ \"$1\" = -L ] && printf '{TWO}'")


@pytest.fixture
def torch_with_cuda(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "torch-2.13.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.4\nName: torch\nVersion: 2.13.0\n")
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("two_gpus")
class TestVisible:
    @pytest.mark.parametrize(
        ("setting", "count"),
        [
            ("0", 1),
            ("1,0", 2),
            ("GPU-2b", 1),
            ("1,7,0", 1),
            ("", 0),
            ("-1", 0),
            ("MIG-3c", 1),
        ],
    )
    def test_are_those_that_cuda_would_take(
        self, monkeypatch: pytest.MonkeyPatch, setting: str, count: int
    ) -> None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", setting)

        assert gpus.visible_gpus() == count

    def test_are_all_without_that_setting(self) -> None:
        assert gpus.visible_gpus() == 2


class TestPresent:
    def test_are_none_without_a_driver(self, listing: Listing) -> None:
        assert gpus.present_gpus() == 0

    def test_are_none_where_the_driver_does_not_answer(self, listing: Listing) -> None:
        listing("echo 'NVIDIA-SMI has failed'; exit 9")

        assert gpus.present_gpus() == 0

    def test_a_parted_gpu_is_one(self, listing: Listing) -> None:
        listing(f"printf '{PARTED}'")

        assert gpus.present_gpus() == 1


@pytest.mark.usefixtures("two_gpus")
class TestPlan:
    def test_gives_every_gpu_a_worker(self, torch_with_cuda: None) -> None:
        assert Plan(models=("scripted",)).devices == ("cuda:0", "cuda:1")

    def test_takes_the_one_device_that_was_asked_for(self, torch_with_cuda: None) -> None:
        assert Plan(models=("scripted",), device="cuda:1").devices == ("cuda:1",)

    def test_takes_the_cpu_where_all_gpus_are_hidden(
        self, torch_with_cuda: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")

        assert Plan(models=("scripted",)).devices == ("cpu",)

    def test_takes_the_cpu_where_torch_could_not_use_a_gpu(self) -> None:
        assert not gpus.torch_knows_cuda()
        assert Plan(models=("scripted",)).devices == ("cpu",)
