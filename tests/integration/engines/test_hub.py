from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from core.errors import CheckpointUnavailable
from tests.integration.engines import fake_hub
from tests.integration.engines.fake_hub import COMMIT, REPOSITORY, FakeHub
from workers.engines.growth import no_progress
from workers.engines.hub import HubSource

FILES = {
    "config.json": b"{}",
    "model.safetensors": bytes(range(256)) * 4096,
    "pytorch_model.bin": b"the same weights in another form",
    "model.fp32-00001-of-00002.safetensors": b"and in another precision",
    "README.md": b"# Whisper",
}


@pytest.fixture(autouse=True)
def _online(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment says: this hub is on the loopback."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with fake_hub.serving(FakeHub(dict(FILES))) as hub:
        yield hub


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class TestHubSource:
    def test_brings_one_form_of_the_weights_and_the_configuration(self, hub: FakeHub, tmp_path: Path) -> None:
        HubSource(REPOSITORY, endpoint=hub.url).fetch(tmp_path, no_progress)

        assert {path.name for path in tmp_path.iterdir()} == {"config.json", "model.safetensors"}
        assert (tmp_path / "model.safetensors").read_bytes() == FILES["model.safetensors"]

    def test_says_which_commit_it_brought(self, hub: FakeHub, tmp_path: Path) -> None:
        manifest = HubSource(f"{REPOSITORY}@main", endpoint=hub.url).fetch(tmp_path, no_progress)

        assert (manifest.source, manifest.revision) == (f"{REPOSITORY}@main", COMMIT)

    def test_has_nothing_when_the_hub_is_not_reached(self, tmp_path: Path) -> None:
        nowhere = f"http://127.0.0.1:{closed_port()}"

        with pytest.raises(CheckpointUnavailable, match="The hub gave no acme/whisper"):
            HubSource(REPOSITORY, endpoint=nowhere).fetch(tmp_path, no_progress)

    def test_has_nothing_when_the_hub_does_not_know_the_repository(
        self, hub: FakeHub, tmp_path: Path
    ) -> None:
        with pytest.raises(CheckpointUnavailable):
            HubSource("acme/other", endpoint=hub.url).fetch(tmp_path, no_progress)

    def test_has_nothing_when_a_file_did_not_come(self, hub: FakeHub, tmp_path: Path) -> None:
        hub.unlisted = ("model.safetensors",)

        with pytest.raises(CheckpointUnavailable, match=r"model\.safetensors is not complete"):
            HubSource(REPOSITORY, endpoint=hub.url).fetch(tmp_path, no_progress)

    def test_has_nothing_when_the_operator_wants_no_network(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)

        with pytest.raises(CheckpointUnavailable):
            HubSource(REPOSITORY).fetch(tmp_path, no_progress)

    def test_tells_how_much_there_is(self, hub: FakeHub, tmp_path: Path) -> None:
        reports: list[tuple[str, int, int]] = []

        HubSource(REPOSITORY, endpoint=hub.url).fetch(tmp_path, lambda *report: reports.append(report))

        total = len(FILES["config.json"]) + len(FILES["model.safetensors"])
        assert reports[0] == ("Downloading acme/whisper", 0, total)
        assert reports[-1] == ("Downloading acme/whisper", total, total)
