from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Final

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from cli.bulk.manifest import NAMES
from cli.commands import batch
from cli.main import app

PAGE: Final = (Path(__file__).parents[2] / "docs" / "bulk.md").read_text()
COMMANDS: Final = sorted(set(re.findall(r"callscribe ((?:submit|batch|export) [^`\n]+)", PAGE)))


def check(words: list[str]) -> None:
    """Raise unless there is such a command, with these options."""
    context, found = None, get_command(app)
    while isinstance(found, TyperGroup):
        context = found.make_context("callscribe", words, parent=context)
        _, following, words = found.resolve_command(context, [*context._protected_args, *context.args])
        assert following is not None
        found = following
    found.make_context(str(found.name), words, parent=context)


class TestPage:
    @pytest.mark.parametrize("command", COMMANDS)
    def test_shows_commands_that_there_are(self, command: str) -> None:
        some_id = "4c1f6c1e-7d3c-4a63-8d5e-1f0f2f9c7a11"

        check([some_id if word == "ID" else word for word in shlex.split(command)])

    def test_shows_every_command_of_batches(self) -> None:
        shown = {command.split()[1] for command in COMMANDS if command.startswith("batch ")}
        group = get_command(batch.app)

        assert isinstance(group, TyperGroup)
        assert shown == set(group.commands)

    def test_lists_what_a_manifest_may_have(self) -> None:
        table = PAGE.split("\n## A manifest\n")[1].split("\n## ")[0]
        names = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`.+?) \|", table, re.MULTILINE))))

        assert names | {"upload_id"} == NAMES
