"""The lock files and what they lock."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
UNLOCKED = {"torch"}
"""Named in a file of its own, since its build is the machine's affair."""


def declared(*extras: str) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = [line for extra in extras for line in project["optional-dependencies"][extra]]
    requirements = [Requirement(line) for line in (*project["dependencies"], *optional)]
    return [requirement for requirement in requirements if requirement.name not in UNLOCKED]


def locked(name: str) -> dict[str, str]:
    lines = (ROOT / "requirements" / name).read_text().splitlines()
    pins = [line.split()[0].split("==") for line in lines if "==" in line and line[0].isalnum()]
    return dict(pins)


class TestLockFiles:
    @pytest.mark.parametrize(
        ("name", "extras"),
        [
            ("base.txt", []),
            ("run.txt", ["prepare", "engines", "embedded"]),
            ("dev.txt", ["prepare", "engines", "embedded", "dev"]),
        ],
    )
    def test_hold_what_is_declared(self, name: str, extras: list[str]) -> None:
        pins = locked(name)

        missing = [
            str(each) for each in declared(*extras) if not each.specifier.contains(pins.get(each.name, "0"))
        ]

        assert missing == []

    def test_agree_with_each_other(self) -> None:
        everything = locked("dev.txt")

        assert locked("base.txt").items() <= locked("run.txt").items() <= everything.items()

    def test_leave_torch_and_its_libraries_to_the_machine(self) -> None:
        assert [
            name for name in locked("dev.txt") if name.startswith(("torch", "nvidia", "cuda", "triton"))
        ] == []
