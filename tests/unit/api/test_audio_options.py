"""What OpenAI's clients may ask for."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from api.audio.options import ResponseFormat, TranscriptionForm, without_suffixes
from models.states import Lane


def form(**fields: str) -> TranscriptionForm:
    return TranscriptionForm.model_validate(without_suffixes(fields))


class TestForm:
    def test_without_options_wants_json_from_the_default_model(self) -> None:
        assert form().response_format is ResponseFormat.JSON
        assert form().job_options().model is None

    def test_becomes_a_job_that_somebody_waits_for(self) -> None:
        options = form(model="whisper-base", language="en").job_options()

        assert (options.model, options.language, options.lane) == ("whisper-base", "en", Lane.LIVE)

    @pytest.mark.parametrize("name", ["timestamp_granularities", "timestamp_granularities[]"])
    def test_names_lists_with_brackets_or_without(self, name: str) -> None:
        assert form(**{name: "segment"}).timestamp_granularities == ["segment"]

    @pytest.mark.parametrize(
        "fields",
        [{"temperature": "0"}, {"prompt": ""}, {"stream": "false"}, {"chunking_strategy": "auto"}],
    )
    def test_takes_what_asks_for_what_is_done_anyway(self, fields: dict[str, str]) -> None:
        form(**fields)

    @pytest.mark.parametrize(
        ("fields", "kind"),
        [
            ({"timestamp_granularities[]": "word"}, "unsupported_option"),
            ({"timestamp_granularities[]": "segment,word"}, "unsupported_option"),
            ({"temperature": "0.2"}, "unsupported_option"),
            ({"prompt": "Names: Anna"}, "unsupported_option"),
            ({"stream": "true"}, "unsupported_option"),
            ({"chunking_strategy": "{}"}, "unsupported_option"),
            ({"response_format": "diarized_json"}, "enum"),
            ({"include[]": "logprobs"}, "extra_forbidden"),
            ({"keywords[]": "Callscribe"}, "extra_forbidden"),
        ],
    )
    def test_refuses_what_no_model_here_can_do(self, fields: dict[str, str], kind: str) -> None:
        with pytest.raises(ValidationError) as refused:
            form(**fields)

        assert [error["type"] for error in refused.value.errors()] == [kind]
