"""Which recordings are meant: files, folders and patterns become a list, each file once."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import InvalidRequest

SOUNDS: Final = frozenset(
    ".3gp .aac .aif .aiff .amr .au .avi .awb .caf .flac .gsm .m4a .m4b .mka .mkv .mov .mp2 .mp3 .mp4 .mpeg "
    ".mpga .oga .ogg .opus .vox .wav .weba .webm .wma".split()
)
"""Ends of names that make a file of a folder a recording; files that are named are sent whatever they are."""
LONGEST_ID: Final = 256
"""Characters of a `custom_id`, as the API takes it."""


@dataclass(frozen=True, slots=True)
class Selection:
    root: Path
    """What ids are relative to: follows from the arguments alone, not from what lies in a folder today."""
    recordings: tuple[Path, ...]
    """Absolute and sorted."""
    passed_over: int
    """Files in folders that are no recordings by their names."""


def select(arguments: Sequence[str]) -> Selection:
    """Raises `InvalidRequest` for an argument behind which there is nothing."""
    found: set[Path] = set()
    passed_over = 0
    for argument in arguments:
        recordings, others = _behind(argument)
        if not recordings:
            raise InvalidRequest(f"There are no recordings behind {argument}.")
        found.update(recordings)
        passed_over += others
    root = Path(os.path.commonpath([_anchor(argument) for argument in arguments]))
    return Selection(root, tuple(sorted(found)), passed_over)


def custom_id_of(path: Path, root: Path) -> str:
    """A recording's name in its batch: the same whenever the same arguments are given.

    Ids are unique as paths are: what is cut, or is no text, is told apart by a digest.
    """
    relative = os.fsencode(path.relative_to(root).as_posix())
    text = relative.decode(errors="replace")
    if text.encode() == relative and len(text) <= LONGEST_ID:
        return text
    digest = hashlib.sha256(relative).hexdigest()[:16]
    return f"{digest}…{text[-(LONGEST_ID - len(digest) - 1) :]}"


def absolute(argument: str) -> Path:
    # Not resolved: a link is what its owner calls it.
    return Path(os.path.abspath(argument))  # noqa: PTH100 - `absolute()` leaves `..` in


def _behind(argument: str) -> tuple[list[Path], int]:
    path = absolute(argument)
    if path.is_file():
        return [path], 0
    if path.is_dir():
        files = [each for each in path.rglob("*") if each.is_file() and not each.name.startswith(".")]
        recordings = [each for each in files if each.suffix.lower() in SOUNDS]
        return recordings, len(files) - len(recordings)
    return [found for found in _matching(path) if found.is_file()], 0


def _matching(pattern: Path) -> Iterator[Path]:
    return (Path(each) for each in glob.iglob(str(pattern), recursive=True))  # noqa: PTH207 - from any root


def _anchor(argument: str) -> Path:
    """The folder that an argument is about."""
    path = absolute(argument)
    if path.is_dir():
        return path
    while glob.has_magic(str(path)) and not path.exists():
        path = path.parent
    return path if path.is_dir() else path.parent
