"""A transcript on the terminal: who said what when, one colour a channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.clock import clock
from client import Transcript, Utterance

COLOURS: Final = ("cyan", "magenta", "green", "yellow", "blue", "red")
OVERLAP: Final = "//"
"""Stands before what was begun while another party still spoke; seen without colours too."""


def print_dialogue(console: Console, transcript: Transcript, *, title: str) -> None:
    """Title, utterances in time order, then what the reader should know."""
    facts = [title, clock(transcript.duration_ms), transcript.language, transcript.model]
    console.print(Text(" · ".join(plain(fact) for fact in facts if fact), style="bold"))
    console.print(_table(transcript) if transcript.utterances else Text("Nobody speaks.", style="dim"))
    if any(overlapping(transcript.utterances)):
        console.print(Text(f"{OVERLAP} begun while the other party still spoke", style="dim"))
    for warning in transcript.warnings:
        console.print(Text(f"! {plain(warning.message)}", style="yellow"))


def overlapping(utterances: Sequence[Utterance]) -> list[bool]:
    """For each, whether another channel was still speaking when it began."""
    ends: dict[int, int] = {}
    found = []
    for utterance in utterances:
        others = [end for channel, end in ends.items() if channel != utterance.channel]
        found.append(max(others, default=0) > utterance.start_ms)
        ends[utterance.channel] = utterance.end_ms
    return found


def plain(text: str) -> str:
    """Nothing in a transcript or a file name may steer the terminal."""
    return "".join(character if character.isprintable() else " " for character in text)


def _table(transcript: Transcript) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", style="dim", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="dim")
    # Chinese has no spaces to break at, and would be cut instead.
    table.add_column(overflow="fold")
    mono = len(transcript.channels) == 1
    for utterance, overlaps in zip(transcript.utterances, overlapping(transcript.utterances), strict=True):
        colour = COLOURS[utterance.channel % len(COLOURS)]
        table.add_row(
            clock(utterance.start_ms),
            Text(plain(_voice(utterance, mono=mono)), style=f"bold {colour}"),
            OVERLAP if overlaps else "",
            Text(plain(utterance.text), style=colour),
        )
    return table


def _voice(utterance: Utterance, *, mono: bool) -> str:
    return utterance.role or ("" if mono else f"channel {utterance.channel}")
