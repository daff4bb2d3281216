from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

from core.errors import CheckpointUnavailable
from workers.engines.checkpoints import Checkpoint
from workers.engines.weights import load_network


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    config = LlamaConfig(
        vocab_size=20, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1
    )
    LlamaForCausalLM(config).save_pretrained(tmp_path)
    return Checkpoint("tiny", tmp_path, "random", "0")


def load(checkpoint: Checkpoint) -> LlamaForCausalLM:
    return load_network(LlamaForCausalLM, checkpoint, dtype=torch.bfloat16, device=torch.device("cpu"))


class TestLoadNetwork:
    def test_loads_in_the_precision_that_is_asked_for(self, checkpoint: Checkpoint) -> None:
        assert load(checkpoint).dtype is torch.bfloat16

    def test_refuses_a_checkpoint_that_lacks_weights(self, checkpoint: Checkpoint) -> None:
        path = checkpoint.path / "model.safetensors"
        weights = load_file(path)
        del weights["model.norm.weight"]
        save_file(weights, path, metadata={"format": "pt"})

        with pytest.raises(CheckpointUnavailable, match="lacks weights"):
            load(checkpoint)

    def test_refuses_broken_weights(self, checkpoint: Checkpoint) -> None:
        (checkpoint.path / "model.safetensors").write_bytes(b"not weights at all")

        with pytest.raises(CheckpointUnavailable):
            load(checkpoint)

    def test_refuses_an_empty_directory(self, tmp_path: Path) -> None:
        with pytest.raises(CheckpointUnavailable):
            load(Checkpoint("tiny", tmp_path / "nothing", "random", "0"))
