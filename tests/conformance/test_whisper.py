"""What Whisper promises beyond what every engine does."""

from __future__ import annotations

import jiwer
import numpy as np
import pytest
from transformers.models.whisper.english_normalizer import EnglishTextNormalizer

from core.errors import UnsupportedOption
from tests.conformance.clips import turns
from workers.engines.base import SAMPLE_RATE, Chunk, Engine, FinishReason

ENGLISH = turns("call_en")[0]
MANDARIN = turns("call_zh")[2]


def letters(text: str) -> str:
    """Punctuation is a matter of taste."""
    return "".join(letter for letter in text if letter.isalnum())


def asking_for(language: str, chunk: Chunk) -> Chunk:
    return Chunk(chunk.samples, language=language)


class TestSpeech:
    def test_is_heard_without_a_mistake(self, whisper: Engine) -> None:
        (heard,) = whisper.recognize([ENGLISH.chunk])

        normal = EnglishTextNormalizer({})
        assert jiwer.wer(normal(ENGLISH.text), normal(heard.text)) == 0.0
        assert heard.finish_reason is FinishReason.EOS

    def test_is_heard_the_same_with_silence_behind_it(self, whisper: Engine) -> None:
        padded = Chunk(np.concatenate([ENGLISH.chunk.samples, np.zeros(8 * SAMPLE_RATE, np.float32)]))

        alone, with_silence = whisper.recognize([ENGLISH.chunk, padded])

        assert with_silence.text == alone.text

    def test_is_believed_more_than_noise(self, whisper: Engine) -> None:
        noise = Chunk(np.random.default_rng(2).normal(0, 0.05, 5 * SAMPLE_RATE).astype(np.float32))

        speech, dream = whisper.recognize([ENGLISH.chunk, noise])

        assert (speech.confidence or 0.0) > (dream.confidence or 0.0)


@pytest.mark.models
class TestLanguage:
    def test_is_detected_for_each_chunk_of_a_batch(self, multilingual: Engine) -> None:
        heard = multilingual.recognize([ENGLISH.chunk, MANDARIN.chunk])

        assert [hypothesis.language for hypothesis in heard] == ["en", "zh"]
        assert "Michael" in heard[0].text
        assert jiwer.cer(letters(MANDARIN.text), letters(heard[1].text)) < 0.2

    def test_that_is_asked_for_is_not_questioned(self, multilingual: Engine) -> None:
        heard = multilingual.recognize([ENGLISH.chunk, asking_for("de", ENGLISH.chunk)])

        assert [hypothesis.language for hypothesis in heard] == ["en", "de"]

    def test_that_the_checkpoint_does_not_know_is_refused(self, multilingual: Engine) -> None:
        with pytest.raises(UnsupportedOption):
            multilingual.recognize([asking_for("yue", MANDARIN.chunk)])
