from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch
from transformers import GenerationConfig, WhisperForConditionalGeneration, WhisperProcessor

from tests.unit.engines import tiny_ct2_whisper
from tests.unit.engines.tiny_ct2_whisper import END, SPECIALS
from workers.engines import ct2_file, ct2_whisper
from workers.engines.checkpoints import Checkpoint
from workers.engines.weights import load_network
from workers.engines.whisper.prompt import WhisperPrompt


@pytest.fixture(scope="module")
def original() -> WhisperForConditionalGeneration:
    return tiny_ct2_whisper.network()


@pytest.fixture(scope="module")
def source(original: WhisperForConditionalGeneration, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("ct2")
    tiny_ct2_whisper.write(original, directory)
    return directory


@pytest.fixture(scope="module")
def converted(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("converted")
    ct2_whisper.convert(source, directory)
    return directory


class TestConvert:
    def test_keeps_every_weight_to_the_bit(
        self, original: WhisperForConditionalGeneration, converted: Path
    ) -> None:
        network = load_network(
            WhisperForConditionalGeneration,
            Checkpoint("tiny", converted, "random", "0"),
            dtype=torch.float16,
            device=torch.device("cpu"),
        )

        for name, weight in original.state_dict().items():
            assert torch.equal(network.state_dict()[name], weight), name

    def test_makes_the_same_files_each_time(self, source: Path, converted: Path, tmp_path: Path) -> None:
        ct2_whisper.convert(source, tmp_path)

        for path in converted.iterdir():
            again = (tmp_path / path.name).read_bytes()
            assert hashlib.sha256(again).digest() == hashlib.sha256(path.read_bytes()).digest(), path.name

    def test_tells_how_to_prompt(self, converted: Path) -> None:
        tokenizer = WhisperProcessor.from_pretrained(converted).tokenizer
        prompt = WhisperPrompt.of(GenerationConfig.from_pretrained(converted), tokenizer, {})

        english = END + SPECIALS.index("<|en|>")
        transcribe, silent = END + SPECIALS.index("<|transcribe|>"), END + SPECIALS.index("<|notimestamps|>")
        assert prompt.rows(["en"]) == [[END + 1, english, transcribe, silent]]
        assert prompt.end == END
        assert prompt.suppressed == (1, 2)

    def test_declares_every_special_token(self, converted: Path) -> None:
        tokenizer = WhisperProcessor.from_pretrained(converted).tokenizer

        assert tokenizer.decode(list(range(END, END + len(SPECIALS))), skip_special_tokens=True) == ""


class TestRead:
    def test_refuses_another_kind_of_model(self, source: Path) -> None:
        with pytest.raises(ValueError, match="WhisperSpec"):
            ct2_file.read(source / "model.bin", spec="TransformerSpec")

    def test_follows_aliases(self, source: Path) -> None:
        tensors = ct2_file.read(source / "model.bin", spec="WhisperSpec")

        assert tensors["decoder/projection/weight"] is tensors["decoder/embeddings/weight"]
