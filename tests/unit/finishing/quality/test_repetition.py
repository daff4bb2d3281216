from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.quality_content import FlagCode
from tests.unit.finishing.quality.judged import chunk, codes, flags
from workers.finishing.metrics.spans import Span
from workers.finishing.quality.heard import Ending
from workers.finishing.quality.repetition import Repetition, longest_repetition
from workers.finishing.quality.thresholds import THRESHOLDS

LOOP = FlagCode.REPETITION


class TestWithinAChunk:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("no " * 18, Repetition(1, 18)),
            ("I don't know, " * 6, Repetition(3, 6)),
            ("So I called you. " * 5 + "And then?", Repetition(4, 5)),
            ("谢谢大家，" * 5, Repetition(4, 5)),
            ("we are sorry for the long delay " * 3, Repetition(7, 3)),
        ],
    )
    def test_a_phrase_that_comes_again_and_again_is_one(self, text: str, found: Repetition) -> None:
        assert longest_repetition(text, THRESHOLDS) == found

    @pytest.mark.parametrize(
        "text",
        [
            "No, no, no, no, no, no, no!",
            "My number is eight eight eight eight eight eight eight eight.",
            "对对对对对对对对，没问题",
            "Can you hear me? Can you hear me? Can you hear me?",
            "00000000000000000000",
            "",
        ],
    )
    def test_people_repeat_themselves_too(self, text: str) -> None:
        assert longest_repetition(text, THRESHOLDS) is None

    def test_is_told_apart_by_ear(self) -> None:
        assert longest_repetition("No. no, NO - " * 6, THRESHOLDS) == Repetition(1, 18)

    def test_is_known_where_the_engine_was_stopped(self) -> None:
        (flag,) = flags(chunk("and on", ending=Ending.IN_LOOP))

        assert (flag.code, flag.measures) == (LOOP, {})

    @given(st.lists(st.sampled_from("abc"), min_size=1, max_size=12), st.integers(3, 12))
    def test_is_at_least_as_long_as_what_was_repeated(self, phrase: list[str], times: int) -> None:
        found = longest_repetition(" ".join(phrase * times), THRESHOLDS)

        if len(phrase) * times >= THRESHOLDS.fewest_repeated_units:
            assert found is not None
            assert found.units * found.repeats >= len(phrase) * times - found.units


class TestFromChunkToChunk:
    def test_is_the_same_text_over_and_over(self) -> None:
        said = [chunk("Thank you for watching.", speech_ms=900, start_ms=n * 5_000) for n in range(5)]

        (flag,) = flags(*said)

        assert (flag.code, flag.span, flag.chunks) == (LOOP, Span(0, 20_900), frozenset(range(5)))
        assert flag.measures == {"repeats": 5, "phrase_units": 4}

    def test_is_not_what_is_asked_a_few_times(self) -> None:
        assert codes(*[chunk("Hello, can you hear me now?", start_ms=n * 2_000) for n in range(4)]) == []

    def test_is_not_a_word_that_comes_often(self) -> None:
        assert codes(*[chunk("Mhm.", speech_ms=400, start_ms=n * 2_000) for n in range(12)]) == []

    def test_ends_with_another_text_and_on_another_channel(self) -> None:
        said = [chunk("Thank you for watching.", channel=n // 4, start_ms=n * 2_000) for n in range(8)]
        between = [*said[:2], chunk("Hello?", start_ms=3_500), *said[2:4], chunk("Bye.", start_ms=9_000)]

        assert codes(*said) == []
        assert codes(*between) == []
