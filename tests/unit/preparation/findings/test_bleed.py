from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.channel_finding import Severity
from tests.unit.preparation.findings.hearing import delayed, fainter, heard, noise, silence, turns, voice
from workers.preparation.findings.bleed import find_bleeds

FIRST, SECOND = turns()


class TestBleed:
    @pytest.mark.parametrize("decibels", [6, 20, 35])
    @pytest.mark.parametrize("lag_ms", [0, 30, 400])
    def test_is_found_with_how_faint_and_how_late(
        self, decibels: float, lag_ms: float, tmp_path: Path
    ) -> None:
        echo = fainter(delayed(FIRST, milliseconds=lag_ms), decibels=decibels)

        found = find_bleeds(heard(tmp_path, FIRST, SECOND + echo))

        assert list(found) == [1]
        [bleed] = found[1]
        assert bleed.measures["from_channel"] == 0
        assert bleed.measures["attenuation_db"] == pytest.approx(decibels, abs=1)
        assert bleed.measures["lag_ms"] == pytest.approx(lag_ms, abs=1)
        assert (bleed.severity is Severity.WARNING) == (decibels < 25)

    def test_goes_both_ways_at_once(self, tmp_path: Path) -> None:
        first = FIRST + fainter(delayed(SECOND, milliseconds=20), decibels=20)
        second = SECOND + fainter(delayed(FIRST, milliseconds=90), decibels=15)

        found = find_bleeds(heard(tmp_path, first, second))

        assert {index: round(bleed.measures["lag_ms"]) for index, [bleed] in found.items()} == {0: 20, 1: 90}

    def test_is_none_between_parties_who_hear_each_other_not(self, tmp_path: Path) -> None:
        assert find_bleeds(heard(tmp_path, FIRST, SECOND)) == {}

    def test_is_none_between_parties_who_talk_at_once(self, tmp_path: Path) -> None:
        pair = [voice(seed, seconds=20, level_dbfs=level) for seed, level in ((1, -20), (2, -30))]

        assert find_bleeds(heard(tmp_path, *pair)) == {}

    def test_is_not_the_hum_that_both_have(self, tmp_path: Path) -> None:
        hum = 0.01 * np.sin(2 * np.pi * 50 * np.arange(len(FIRST)) / 16_000)

        assert find_bleeds(heard(tmp_path, FIRST + hum, SECOND + hum)) == {}

    def test_a_mix_is_a_copy_that_is_no_fainter(self, tmp_path: Path) -> None:
        found = find_bleeds(heard(tmp_path, FIRST + SECOND, SECOND))

        assert list(found) == [0]
        assert found[0][0].measures["attenuation_db"] == pytest.approx(0, abs=0.5)

    def test_is_heard_on_a_channel_whose_party_is_silent(self, tmp_path: Path) -> None:
        echo = fainter(delayed(FIRST, milliseconds=50), decibels=20)

        found = find_bleeds(heard(tmp_path, FIRST, echo + noise(1, seconds=24, level_dbfs=-70)))

        assert list(found) == [1]

    def test_takes_seconds_to_be_sure_of(self, tmp_path: Path) -> None:
        word = voice(1, seconds=1.5)

        assert find_bleeds(heard(tmp_path, word, fainter(word, decibels=20))) == {}
        assert find_bleeds(heard(tmp_path, silence(0.01), silence(0.01))) == {}


class TestStrangers:
    @settings(max_examples=10, deadline=None)
    @given(seed=st.integers(0, 10_000), level=st.floats(-40, -15))
    def test_are_never_taken_for_one_another(
        self, seed: int, level: float, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        pair = voice(seed, seconds=8), voice(seed + 1, seconds=8, level_dbfs=level)

        assert find_bleeds(heard(tmp_path_factory.mktemp("calls"), *pair)) == {}
