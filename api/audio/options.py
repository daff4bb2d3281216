"""What OpenAI's clients send beside the file. What no model here can do is refused, never ignored."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from api.jobs.form import LIST_SUFFIX
from api.jobs.schemas import Described
from models.states import Lane
from submission.options import JobOptions


class ResponseFormat(StrEnum):
    JSON = "json"
    TEXT = "text"
    SRT = "srt"
    VERBOSE_JSON = "verbose_json"
    VTT = "vtt"


class Granularity(StrEnum):
    SEGMENT = "segment"
    WORD = "word"


def _listed(given: object) -> object:
    """Repeated fields of a form come joined by commas."""
    return [part for part in given.split(",") if part] if isinstance(given, str) else given


def _without_words(granularities: list[Granularity]) -> list[Granularity]:
    if Granularity.WORD in granularities:
        raise _unsupported("No model here tells the times of single words.")
    return granularities


def _empty(prompt: str) -> str:
    if prompt:
        raise _unsupported("No model here takes a prompt.")
    return prompt


def _greedy(temperature: float) -> float:
    if temperature:
        raise _unsupported("The models here do not sample: the temperature is 0.")
    return temperature


def _whole(stream: bool) -> bool:
    if stream:
        raise _unsupported("Transcripts are not streamed.")
    return stream


def _automatic(strategy: str) -> str:
    if strategy != "auto":
        raise _unsupported("Recordings are cut at pauses, in one way: `auto`.")
    return strategy


def _unsupported(message: str) -> PydanticCustomError:
    return PydanticCustomError("unsupported_option", message)


class TranscriptionForm(Described):
    """A recording to transcribe while the caller waits."""

    model_config = ConfigDict(extra="forbid")

    model: str | None = None
    """One of `GET /v1/models`; the server's default if left out."""
    language: str | None = None
    """What is spoken, as one of the model's codes; left out, the model finds out."""
    response_format: ResponseFormat = ResponseFormat.JSON
    timestamp_granularities: Annotated[
        list[Granularity], BeforeValidator(_listed), AfterValidator(_without_words)
    ] = Field(default_factory=list)
    """`segment`, which `verbose_json` has anyway."""
    prompt: Annotated[str, AfterValidator(_empty)] = ""
    temperature: Annotated[float, AfterValidator(_greedy)] = 0.0
    stream: Annotated[bool, AfterValidator(_whole)] = False
    chunking_strategy: Annotated[str, AfterValidator(_automatic)] = "auto"

    def job_options(self) -> JobOptions:
        """Somebody waits for it."""
        return JobOptions(model=self.model, language=self.language, lane=Lane.LIVE)


class TranscriptionRequest(TranscriptionForm):
    """The whole form, as the API's description has it."""

    file: Annotated[bytes, Field(json_schema_extra={"format": "binary"})]
    """The recording, in any common audio or video container."""


def without_suffixes(fields: Mapping[str, str]) -> dict[str, str]:
    """The names as they are documented: OpenAI's clients mark lists, others do not."""
    return {name.removesuffix(LIST_SUFFIX): value for name, value in fields.items()}
