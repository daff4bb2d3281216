"""Which commands there are: one file each in cli/commands, imported only when its command is called."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

if TYPE_CHECKING:
    from typer._click import Command, Context

PACKAGE = "cli.commands"
DIRECTORY = Path(__file__).with_name("commands")


class DiscoveredCommands(TyperGroup):
    """Lists commands by what their files say of them; to import them all would take seconds."""

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 - typer's signature
        return sorted(path.stem for path in DIRECTORY.glob("[!_]*.py"))

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        return TyperCommand(cmd_name, help=summary(cmd_name))

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return name, load(name) if name else command, rest


def summary(name: str) -> str:
    """The first line of the docstring of the function that is called as the command is."""
    module = ast.parse((DIRECTORY / f"{name}.py").read_text())
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return (ast.get_docstring(node) or "").partition("\n")[0]
    return ""


def load(name: str) -> Command:
    """A module's `app` where it has several commands, else its function of the same name."""
    module = importlib.import_module(f"{PACKAGE}.{name}")
    group = getattr(module, "app", None)
    if isinstance(group, typer.Typer):
        return get_command(group)
    single = typer.Typer(add_completion=False)
    single.command(name)(getattr(module, name))
    return get_command(single)
