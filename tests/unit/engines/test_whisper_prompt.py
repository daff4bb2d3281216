from __future__ import annotations

import pytest
from transformers import GenerationConfig, WhisperTokenizer

from core.errors import UnsupportedOption
from tests.unit.engines import tiny_ct2_whisper
from workers.engines import ct2_whisper
from workers.engines.whisper.prompt import WhisperPrompt, left_padded

SHARED = {"decoder_start_token_id": 1, "no_timestamps_token_id": 6, "eos_token_id": 0}
MULTILINGUAL = GenerationConfig(
    **SHARED,
    lang_to_id={"<|en|>": 2, "<|zh|>": 3},
    task_to_id={"transcribe": 4, "translate": 9},
    suppress_tokens=[7],
    begin_suppress_tokens=[8, 0],
)
ENGLISH = GenerationConfig(**SHARED, suppress_tokens=[])


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> WhisperTokenizer:
    source, directory = tmp_path_factory.mktemp("ct2"), tmp_path_factory.mktemp("whisper")
    tiny_ct2_whisper.write(tiny_ct2_whisper.network(), source)
    ct2_whisper.convert(source, directory)
    tokenizer: WhisperTokenizer = WhisperTokenizer.from_pretrained(directory)
    return tokenizer


@pytest.fixture(scope="module")
def multilingual(tokenizer: WhisperTokenizer) -> WhisperPrompt:
    return WhisperPrompt.of(MULTILINGUAL, tokenizer, {})


@pytest.fixture(scope="module")
def english(tokenizer: WhisperTokenizer) -> WhisperPrompt:
    return WhisperPrompt.of(ENGLISH, tokenizer, {"zh": "hint"})


class TestWhisperPrompt:
    def test_tells_language_and_task_to_a_multilingual_checkpoint(
        self, multilingual: WhisperPrompt, english: WhisperPrompt
    ) -> None:
        assert multilingual.rows(["en", "zh"]) == [[1, 2, 4, 6], [1, 3, 4, 6]]

    def test_tells_an_english_checkpoint_neither(
        self, multilingual: WhisperPrompt, english: WhisperPrompt
    ) -> None:
        assert english.rows(["en", None]) == [[1, 6], [1, 6]]

    def test_puts_a_hint_before_the_languages_that_have_one(self, tokenizer: WhisperTokenizer) -> None:
        prompt = WhisperPrompt.of(MULTILINGUAL, tokenizer, {"zh": "w5", "yue": "w6"})

        english, mandarin = prompt.rows(["en", "zh"])

        assert english == [1, 2, 4, 6]
        assert mandarin[0] == tokenizer.convert_tokens_to_ids("<|startofprev|>")
        assert mandarin[-4:] == [1, 3, 4, 6]
        assert prompt.longest == len(mandarin)

    def test_refuses_a_language_that_the_checkpoint_has_no_token_for(
        self, multilingual: WhisperPrompt, english: WhisperPrompt
    ) -> None:
        with pytest.raises(UnsupportedOption):
            multilingual.rows(["yue"])

    def test_takes_what_must_not_be_written_from_the_checkpoint(
        self, multilingual: WhisperPrompt, english: WhisperPrompt
    ) -> None:
        assert multilingual.suppressed == (7,)
        assert multilingual.suppressed_at_first == (8, 0)
        assert english.suppressed == ()

    def test_finds_the_no_speech_token_before_the_no_timestamps_token(
        self, multilingual: WhisperPrompt, english: WhisperPrompt
    ) -> None:
        assert multilingual.no_speech == 5


class TestLeftPadded:
    def test_lets_prompts_of_unequal_length_end_together(self) -> None:
        tokens, counts = left_padded([[1, 2], [3, 4, 5]], filler=0)

        assert tokens.tolist() == [[0, 1, 2], [3, 4, 5]]
        assert counts.tolist() == [[0, 1, 1], [1, 1, 1]]
