from __future__ import annotations

import pytest
from transformers import GenerationConfig

from core.errors import UnsupportedOption
from workers.engines.whisper_prompt import WhisperPrompt

SHARED = {"decoder_start_token_id": 1, "no_timestamps_token_id": 6, "eos_token_id": 0}
MULTILINGUAL = WhisperPrompt.of(
    GenerationConfig(
        **SHARED,
        lang_to_id={"<|en|>": 2, "<|zh|>": 3},
        task_to_id={"transcribe": 4, "translate": 9},
        suppress_tokens=[7],
        begin_suppress_tokens=[8, 0],
    )
)
ENGLISH = WhisperPrompt.of(GenerationConfig(**SHARED, suppress_tokens=[]))


class TestWhisperPrompt:
    def test_tells_language_and_task_to_a_multilingual_checkpoint(self) -> None:
        assert MULTILINGUAL.rows(["en", "zh"]) == [[1, 2, 4, 6], [1, 3, 4, 6]]

    def test_tells_an_english_checkpoint_neither(self) -> None:
        assert ENGLISH.rows(["en", None]) == [[1, 6], [1, 6]]

    def test_knows_its_own_length(self) -> None:
        assert MULTILINGUAL.length == len(MULTILINGUAL.rows(["en"])[0])
        assert ENGLISH.length == len(ENGLISH.rows(["en"])[0])

    def test_refuses_a_language_that_the_checkpoint_has_no_token_for(self) -> None:
        with pytest.raises(UnsupportedOption):
            MULTILINGUAL.rows(["yue"])

    def test_takes_what_must_not_be_written_from_the_checkpoint(self) -> None:
        assert MULTILINGUAL.suppressed == (7,)
        assert MULTILINGUAL.suppressed_at_first == (8, 0)
        assert ENGLISH.suppressed == ()

    def test_finds_the_no_speech_token_before_the_no_timestamps_token(self) -> None:
        assert MULTILINGUAL.no_speech == 5
