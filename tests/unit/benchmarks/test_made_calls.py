from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.made_calls import AGENTS, LINE_RATE, VOICE_RATE, MadeCall, Sound, make_calls


def tone(line: str) -> Sound:
    """Stands in for a voice: as long as the line, with silence around it."""
    times = np.arange(len(line) * VOICE_RATE // 20) / VOICE_RATE
    silence = np.zeros(VOICE_RATE // 2)
    return np.concatenate([silence, 0.3 * np.sin(2 * np.pi * 300 * times), silence]).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("calls")


@pytest.fixture(scope="module")
def calls(folder: Path) -> list[MadeCall]:
    return make_calls(folder, count=24, seed=3, speak=tone)


class TestMadeCalls:
    def test_are_in_the_manifest_one_by_one(self, folder: Path, calls: list[MadeCall]) -> None:
        with (folder / "calls.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))

        assert [(row["custom_id"], row["agent"]) for row in rows] == [
            (call.name, call.agent.name) for call in calls
        ]
        assert {row["agent"] for row in rows} == {agent.name for agent in AGENTS}

    def test_have_each_party_on_its_own_channel(self, folder: Path, calls: list[MadeCall]) -> None:
        for call in calls:
            sound, rate = soundfile.read(folder / f"{call.name}.wav")
            assert (rate, sound.shape[1]) == (LINE_RATE, 2)
            quiet = np.ones(sound.shape, bool)
            for channel, start, spoken, _ in call.spoken:
                assert np.std(sound[start : start + len(spoken), channel]) > 0.01
                quiet[start : start + len(spoken), channel] = False
            assert np.abs(sound[quiet[:, 1], 1]).max() < 0.02

    def test_have_the_habits_of_their_agents(self, calls: list[MadeCall]) -> None:
        gaps: dict[str, list[int]] = {}
        for call in calls:
            for before, after in zip(call.spoken, call.spoken[1:], strict=False):
                if after.channel == 0:
                    gaps.setdefault(call.agent.name, []).append(
                        after.start - before.start - len(before.sound)
                    )

        assert max(gaps["Jonas"]) > 10 * LINE_RATE
        assert min(gaps["Kim"]) < -LINE_RATE // 2

    def test_are_the_same_again(self, tmp_path: Path) -> None:
        for name in ("once", "again"):
            make_calls(tmp_path / name, count=2, seed=3, speak=tone)

        written = sorted(path.name for path in (tmp_path / "once").iterdir())
        assert len(written) == 3
        for name in written:
            assert (tmp_path / "once" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
