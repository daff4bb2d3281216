from __future__ import annotations

from tests.unit.finishing.calls import Said, heard
from workers.finishing.segments import segments_of
from workers.finishing.utterances import LONGEST_PAUSE_MS, utterances_of


def runs(*said: Said) -> list[list[int]]:
    return utterances_of(segments_of(heard(*said)))


class TestUtterances:
    def test_a_party_that_goes_on_stays_in_its_utterance(self) -> None:
        assert runs(Said(0, 0, 900, "one"), Said(0, 1_000, 2_000, "two")) == [[0, 1]]

    def test_another_party_ends_it(self) -> None:
        said = [Said(0, 0, 900, "one"), Said(1, 950, 990, "mhm"), Said(0, 1_000, 2_000, "two")]

        assert runs(*said) == [[0], [1], [2]]

    def test_who_speaks_on_over_another_is_not_split(self) -> None:
        said = [Said(0, 0, 5_000, "a long answer"), Said(1, 2_000, 2_500, "mhm")]

        assert runs(*said) == [[0], [1]]

    def test_a_long_pause_ends_it_though_nobody_else_spoke(self) -> None:
        just_short = Said(0, 1_000 + LONGEST_PAUSE_MS - 1, 9_000, "two")
        long_enough = Said(0, 1_000 + LONGEST_PAUSE_MS, 9_000, "two")

        assert runs(Said(0, 0, 1_000, "one"), just_short) == [[0, 1]]
        assert runs(Said(0, 0, 1_000, "one"), long_enough) == [[0], [1]]

    def test_silence_has_none(self) -> None:
        assert runs() == []
