"""What may be asked for with a recording."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from core.errors import UnknownModel, UnsupportedOption
from models.chinese_script import ChineseScript
from submission.checks import check_language, check_script, served_model
from submission.fields import METADATA_BYTES
from submission.options import JobOptions


class TestRoles:
    @pytest.mark.parametrize(
        "given",
        [
            "agent,customer",
            '["agent", "customer"]',
            '{"0": "agent", "1": "customer"}',
            ["agent", "customer"],
            {"0": "agent", "1": "customer"},
        ],
    )
    def test_can_be_given_in_several_ways(self, given: object) -> None:
        options = JobOptions.model_validate({"roles": given})

        assert options.roles == {"0": "agent", "1": "customer"}

    def test_may_leave_channels_out(self) -> None:
        assert JobOptions.model_validate({"roles": {"1": "customer"}}).roles == {"1": "customer"}

    @pytest.mark.parametrize(
        "given",
        [
            "agent, customer",
            "Agent",
            "",
            {"x": "agent"},
            {"-1": "agent"},
            {"01": "agent"},
            "{",
            ["a" * 33],
            7,
        ],
    )
    def test_are_short_plain_names_of_channels(self, given: object) -> None:
        with pytest.raises(ValidationError):
            JobOptions.model_validate({"roles": given})


class TestMetadata:
    def test_comes_as_an_object_or_as_its_text(self) -> None:
        metadata = {"agent": "007", "queue": {"id": 3}, "tags": ["投诉", None]}

        assert JobOptions.model_validate({"metadata": metadata}).metadata == metadata
        assert JobOptions.model_validate({"metadata": json.dumps(metadata)}).metadata == metadata

    @pytest.mark.parametrize(
        "given",
        [
            pytest.param("[1, 2]", id="no object"),
            pytest.param("{", id="no JSON"),
            pytest.param('{"x": NaN}', id="NaN"),
            pytest.param('{"x": 1e999}', id="too large a number"),
            pytest.param({"x": float("inf")}, id="infinity"),
            pytest.param('{"x": "\\u0000"}', id="NUL"),
            pytest.param({"x\x00": 1}, id="NUL in a name"),
            pytest.param('{"x": "\\ud800"}', id="half a character"),
            pytest.param('{"x":' * 500 + "1" + "}" * 500, id="too deep"),
            pytest.param({"x": "言" * (METADATA_BYTES // 3)}, id="too long"),
        ],
    )
    def test_what_the_database_cannot_keep_is_refused(self, given: object) -> None:
        with pytest.raises(ValidationError):
            JobOptions.model_validate({"metadata": given})

    def test_a_backslash_before_u0000_is_no_nul(self) -> None:
        given = {"pattern": "\\u0000"}

        assert JobOptions.model_validate({"metadata": given}).metadata == given


class TestScript:
    @pytest.mark.parametrize(
        ("language", "model"),
        [
            (None, "glm-asr-nano-2512"),
            (None, "whisper-base"),
            ("zh", "whisper-base"),
            ("yue", "whisper-large-v3"),
        ],
    )
    def test_can_be_asked_for_where_there_may_be_chinese(self, language: str | None, model: str) -> None:
        check_script(ChineseScript.HANS, language, model)

    @pytest.mark.parametrize(
        ("language", "model", "message"),
        [
            ("en", "whisper-base", "the language is 'en'"),
            (None, "whisper-tiny.en", "whisper-tiny.en hears none"),
        ],
    )
    def test_is_refused_where_there_is_none(self, language: str | None, model: str, message: str) -> None:
        with pytest.raises(UnsupportedOption, match=message):
            check_script(ChineseScript.HANT, language, model)

        check_script(ChineseScript.AS_IS, language, model)

    def test_is_one_of_three(self) -> None:
        with pytest.raises(ValidationError):
            JobOptions.model_validate({"script": "cyrl"})


class TestOptions:
    def test_an_unknown_option_is_refused_not_ignored(self) -> None:
        with pytest.raises(ValidationError, match="hotwords"):
            JobOptions.model_validate({"hotwords": "x"})

    def test_the_first_model_served_is_the_default(self) -> None:
        assert served_model(None, ("whisper-base", "scripted")) == "whisper-base"

    def test_a_model_that_is_not_served_is_unknown(self) -> None:
        with pytest.raises(UnknownModel, match="there are whisper-base"):
            served_model("whisper-small", ("whisper-base",))

    @pytest.mark.parametrize(
        ("language", "model"),
        [("en", "whisper-tiny.en"), ("zh", "whisper-base"), (None, "glm-asr-nano-2512")],
    )
    def test_a_language_of_the_model_may_be_asked_for(self, language: str | None, model: str) -> None:
        check_language(language, model)

    @pytest.mark.parametrize(
        ("language", "model", "told"),
        [
            ("zh", "whisper-tiny.en", "only en"),
            ("tlh", "whisper-base", "tlh"),
            ("en", "glm-asr-nano-2512", "finds out by itself"),
        ],
    )
    def test_any_other_language_is_refused(self, language: str, model: str, told: str) -> None:
        with pytest.raises(UnsupportedOption, match=told):
            check_language(language, model)
