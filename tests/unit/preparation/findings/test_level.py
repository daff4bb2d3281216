from __future__ import annotations

from pathlib import Path

import pytest

from models.channel_finding import FindingCode
from tests.unit.preparation.findings.hearing import heard, voice
from workers.preparation.findings.level import (
    HIGH_DBFS,
    LOW_DBFS,
    find_level,
    recognition_gain_db,
    voice_level,
)


class TestLevel:
    @pytest.mark.parametrize("level", [LOW_DBFS + 2, -26.0, HIGH_DBFS - 2])
    def test_a_usual_one_is_nothing_to_tell(self, level: float, tmp_path: Path) -> None:
        [channel] = heard(tmp_path, voice(3, seconds=3, level_dbfs=level))

        assert voice_level(channel) == pytest.approx(level, abs=1)
        assert find_level(channel) is None
        assert recognition_gain_db(channel) == 0

    def test_a_faint_one_is_raised_to_the_usual_one(self, tmp_path: Path) -> None:
        [channel] = heard(tmp_path, voice(3, seconds=3, level_dbfs=-43))

        found = find_level(channel)

        assert found is not None
        assert found.code is FindingCode.LOW_LEVEL
        assert found.measures["level_dbfs"] == pytest.approx(-43, abs=1)
        assert recognition_gain_db(channel) == found.measures["raised_db"] == pytest.approx(17, abs=1)

    def test_a_loud_one_is_told_and_left_as_it_is(self, tmp_path: Path) -> None:
        [channel] = heard(tmp_path, voice(3, seconds=3, level_dbfs=-12))

        found = find_level(channel)

        assert found is not None
        assert found.code is FindingCode.HIGH_LEVEL
        assert recognition_gain_db(channel) == 0

    def test_of_a_word_or_of_nobody_is_not_judged(self, tmp_path: Path) -> None:
        word, nobody = heard(
            tmp_path,
            voice(3, seconds=0.6, level_dbfs=-43),
            voice(4, seconds=3, level_dbfs=-43),
            speech=[True, False],
        )

        assert voice_level(word) is None
        assert find_level(word) is None
        assert find_level(nobody) is None
        assert recognition_gain_db(nobody) == 0
