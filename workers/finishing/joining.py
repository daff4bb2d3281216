"""Joins texts that follow one another, as their scripts are written."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from models.scripts import is_punctuation, is_unspaced


def tidy(text: str) -> str:
    """The text on one line, with single spaces."""
    return " ".join(text.split())


def join_texts(texts: Iterable[str]) -> str:
    """One running text: a space between words, none within Chinese or Japanese."""
    return reduce(_append, texts, "")


def _append(left: str, right: str) -> str:
    return f"{left}{_space_between(left, right)}{right}"


def _space_between(left: str, right: str) -> str:
    if not left or not right:
        return ""
    # Full-width punctuation brings its own space, whatever stands on its other side.
    if any(is_unspaced(each) and is_punctuation(each) for each in (left[-1], right[0])):
        return ""
    both = is_unspaced(_first_telling(reversed(left))) and is_unspaced(_first_telling(right))
    return "" if both else " "


def _first_telling(characters: Iterable[str]) -> str:
    """The first one that belongs to a script.

    Quotation marks, dashes and the ellipsis are shared by all scripts and say nothing.
    """
    telling = (each for each in characters if is_unspaced(each) or not is_punctuation(each))
    return next(telling, " ")
