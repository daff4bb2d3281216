from __future__ import annotations

from models.metrics_content import MetricsContent
from tests.unit.finishing.calls import Said, transcript_of
from workers.finishing.metering import PAD_MS
from workers.preparation.speech_spans import SpeechRules

ROLES = {"0": "agent", "1": "customer"}


def metrics_of(*said: Said) -> MetricsContent:
    return transcript_of(*said, roles=ROLES)["metrics"]


class TestMetering:
    def test_speech_is_what_voice_activity_found_in_the_chunks(self) -> None:
        metrics = metrics_of(
            Said(0, 0, 9_000, "one", speech_ms=[500, 2_000, 2_300, 8_000]),
            Said(1, 10_000, 12_000, "two", speech_ms=[10_100, 11_000]),
        )

        agent, customer = metrics["channels"]
        assert (agent["talk_ms"], agent["first_speech_ms"]) == (7_200 - 4 * PAD_MS, 500 + PAD_MS)
        assert (customer["talk_ms"], customer["first_speech_ms"]) == (900 - 2 * PAD_MS, 10_100 + PAD_MS)

    def test_what_voice_activity_adds_to_speech_is_no_talk(self) -> None:
        assert SpeechRules().pad_ms == PAD_MS

    def test_speech_counts_also_where_nothing_was_made_of_it(self) -> None:
        metrics = metrics_of(Said(0, 0, 9_000, "", speech_ms=[500, 2_000]))

        assert metrics["talk_ms"] == 1_500 - 2 * PAD_MS

    def test_a_chunk_in_which_no_speech_is_named_counts_whole(self) -> None:
        metrics = metrics_of(Said(0, 1_000, 9_000, "one"))

        assert metrics["talk_ms"] == 8_000

    def test_speech_that_was_cut_for_its_length_is_one_turn(self) -> None:
        metrics = metrics_of(
            Said(0, 0, 29_000, "on", speech_ms=[0, 29_000]),
            Said(0, 29_000, 40_000, "and on", speech_ms=[29_000, 39_000]),
        )

        assert metrics["talk_ms"] == 39_000 - PAD_MS
        assert metrics["channels"][0]["longest_monologue"] == {"start_ms": 0, "end_ms": 39_000 - PAD_MS}

    def test_the_recording_is_as_long_as_the_transcript_says(self) -> None:
        metrics = metrics_of(Said(0, 0, 10_000, "one"))

        assert (metrics["talk_ms"], metrics["silence_ms"]) == (10_000, 50_000)

    def test_texts_count_for_the_channel_on_which_they_were_said(self) -> None:
        agent, customer = metrics_of(Said(0, 0, 6_000, "one two three"), Said(1, 7_000, 9_000, "您好"))[
            "channels"
        ]

        assert agent["pace"] == {"unit": "words", "count": 3, "per_minute": 30.0}
        assert customer["pace"] == {"unit": "characters", "count": 2, "per_minute": 60.0}

    def test_roles_are_those_that_the_caller_gave(self) -> None:
        said = [Said(0, 0, 6_000, "one"), Said(1, 7_000, 9_000, "two")]

        assert [each["role"] for each in metrics_of(*said)["channels"]] == ["agent", "customer"]
        assert transcript_of(*said)["metrics"]["roles"] is None
