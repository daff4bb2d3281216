from __future__ import annotations

import pytest

from models import Channel, Hypothesis
from models.channel_finding import FindingCode, Severity
from tests.unit.finishing.calls import Said, channels, finding, heard, job
from workers.finishing.caveats import caveats_of


def hypotheses(*said: Said) -> list[Hypothesis]:
    return [hypothesis for _, hypothesis in heard(*said)]


class TestCaveats:
    def test_there_are_none_for_a_plain_call(self) -> None:
        found = caveats_of(job(roles={"0": "agent"}), channels(2), hypotheses(Said(0, 0, 900, "hello")))

        assert found == []

    def test_a_channel_without_speech_is_named(self) -> None:
        found = caveats_of(job(), [*channels(1), Channel(index=1, duration_ms=60_000, speech_ms=0)], [])

        assert found == [{"code": "no_speech", "message": "No speech was found on channel 1."}]

    def test_a_role_for_a_channel_that_is_not_there_is_named(self) -> None:
        found = caveats_of(job(roles={"0": "agent", "2": "customer"}), channels(2), [])

        assert found == [
            {
                "code": "role_without_channel",
                "message": "The recording has no channel 2 for the role customer.",
            }
        ]

    @pytest.mark.parametrize("roles", [{}, {"0": "agent", "1": "customer"}, {"1": "customer"}])
    def test_parties_who_share_the_only_channel_are_not_told_apart(self, roles: dict[str, str]) -> None:
        found = caveats_of(job(roles=roles), channels(1), [])

        assert found[-1] == {
            "code": "roles_unknown",
            "message": "All parties share one track: who speaks is not known.",
        }

    def test_the_only_channel_may_be_one_partys_by_the_callers_word(self) -> None:
        assert caveats_of(job(roles={"0": "agent"}), channels(1), []) == []

    def test_parties_who_are_on_both_channels_alike_are_not_told_apart(self) -> None:
        twins = channels(2)
        for channel in twins:
            channel.findings = [finding(FindingCode.DUAL_MONO)]

        codes = [warning["code"] for warning in caveats_of(job(), twins, [])]

        assert codes == ["roles_unknown", "channel_finding", "channel_finding"]

    def test_a_channel_that_somebody_should_look_after_is_named(self) -> None:
        odd = channels(2)
        odd[1].findings = [finding(FindingCode.BLEED), finding(FindingCode.NARROWBAND, Severity.INFO)]

        assert caveats_of(job(), odd, []) == [
            {"code": "channel_finding", "message": "Channel 1: It sounds odd."}
        ]

    def test_texts_that_the_engine_did_not_end_are_counted(self) -> None:
        said = [
            Said(0, 0, 900, "and on", finish_reason="length"),
            Said(0, 900, 1_800, "and on and on", finish_reason="loop"),
            Said(0, 1_800, 2_700, "over"),
        ]

        found = caveats_of(job(roles={"0": "agent"}), channels(1), hypotheses(*said))

        assert found == [
            {
                "code": "cut_text",
                "message": "The engine was stopped before it ended in 2 of 3 chunks.",
            }
        ]

    def test_more_than_one_engine_is_named(self) -> None:
        said = [Said(0, 0, 900, "one"), Said(0, 900, 1_800, "two", engine_version="scripted 2")]

        found = caveats_of(job(roles={"0": "agent"}), channels(1), hypotheses(*said))

        assert found == [
            {
                "code": "mixed_engines",
                "message": "Its chunks were heard by different engines: "
                "scripted 1 in float32, scripted 2 in float32.",
            }
        ]
