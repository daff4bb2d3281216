"""What of a request this installation can do, and what it means in the end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from core.catalog import model_named
from core.errors import InvalidRequest, UnknownModel, UnsupportedOption
from models.chinese_script import ChineseScript

CHINESE: Final = frozenset({"zh", "yue"})
LONGEST_DEADLINE: Final = timedelta(days=366)


def served_model(name: str | None, served: Sequence[str]) -> str:
    """The model to use; one that no worker of this installation is meant to load is unknown."""
    if name is None:
        return served[0]
    if name not in served:
        raise UnknownModel(f"No model {name!r} is served here; there are {', '.join(served)}.")
    return name


def check_language(language: str | None, model: str) -> None:
    languages = model_named(model).languages
    if language is None or language in languages:
        return
    can = f"only {', '.join(languages)}" if 0 < len(languages) <= 5 else "not this one"
    if not languages:
        can = "none: it finds out by itself"
    raise UnsupportedOption(f"Language {language!r} cannot be asked for with {model}; {can}.")


def check_script(script: ChineseScript, language: str | None, model: str) -> None:
    """Only Chinese can be written in it; where the language is found out, there may be some."""
    possible = model_named(model).languages if language is None else (language,)
    if script is ChineseScript.AS_IS or not possible or not CHINESE.isdisjoint(possible):
        return
    reason = f"{model} hears none" if language is None else f"the language is {language!r}"
    raise UnsupportedOption(f"Script {script.value!r} is a way to write Chinese, and {reason}.")


def deadline(expires_at: datetime | None, *, now: datetime) -> datetime | None:
    """In UTC. One that has passed is a mistake, as is one that would never matter."""
    if expires_at is None:
        return None
    if not now < expires_at <= now + LONGEST_DEADLINE:
        raise InvalidRequest("`expires_at` must lie in the future, at most a year ahead.")
    return expires_at.astimezone(UTC)
