"""Every setting of every process, read off the classes that read the environment."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from api.settings import ApiSettings
from cli.commands.flower import FlowerSettings
from cli.settings import ClientSettings
from core.settings import BrokerSettings, CoreSettings, ModelStoreSettings
from embedded.settings import EmbeddedSettings
from workers.engines.settings import EngineSettings
from workers.settings import DispatcherSettings, ProbedSettings, WorkerSettings

# A setting is shown where it is read first; classes that extend another come after it.
READERS: Final[dict[type[BaseSettings], str]] = {
    CoreSettings: "all",
    BrokerSettings: "dispatcher, workers, flower",
    ApiSettings: "api",
    ProbedSettings: "dispatcher, workers",
    DispatcherSettings: "dispatcher",
    WorkerSettings: "workers",
    EngineSettings: "transcribe workers",
    ModelStoreSettings: "transcribe workers, models",
    FlowerSettings: "flower",
    EmbeddedSettings: "up, demo, test, submit, backup",
    ClientSettings: "submit, status, transcript, batch, export",
}


@dataclass(frozen=True, slots=True)
class Setting:
    name: str
    default: str
    reader: str
    meaning: str

    @property
    def row(self) -> str:
        meaning = self.meaning.replace("|", "\\|").replace("\n", " ")
        return f"| `{self.name}` | {self.default} | {self.reader} | {meaning} |"


def every_setting() -> list[Setting]:
    """In the order of their classes, each once."""
    found: dict[str, Setting] = {}
    for kind, reader in READERS.items():
        for name, default, meaning in _fields(kind, str(kind.model_config["env_prefix"])):
            found.setdefault(name, Setting(name, default, reader, meaning))
    return list(found.values())


def _fields(kind: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str]]:
    meanings = _meanings(kind)
    for name, field in kind.model_fields.items():
        nested = _nested(field)
        variable = f"{prefix}{name.upper()}"
        if nested is None:
            yield variable, _shown(_default(field)), meanings.get(name, "")
        elif dataclasses.is_dataclass(nested):
            for each in dataclasses.fields(nested):
                yield (
                    f"{variable}__{each.name.upper()}",
                    _shown(each.default),
                    _meanings(nested).get(each.name, ""),
                )
        else:
            yield from _fields(nested, f"{variable}__")


def _nested(field: FieldInfo) -> type | None:
    """The class whose fields are settings of their own, perhaps behind `| None`."""
    kinds = (field.annotation, *getattr(field.annotation, "__args__", ()))
    return next((kind for kind in kinds if inspect.isclass(kind) and _has_fields(kind)), None)


def _has_fields(kind: type) -> bool:
    return issubclass(kind, BaseModel) or dataclasses.is_dataclass(kind)


def _default(field: FieldInfo) -> object:
    return field.get_default(call_default_factory=True, validated_data={})


def _shown(default: object) -> str:
    if default is PydanticUndefined:
        return "**required**"
    if default is None or default == {}:
        return "none"
    if isinstance(default, timedelta | tuple | Path):
        return f"`{TypeAdapter(type(default)).dump_json(default).decode()}`".replace('`"', "`").replace(
            '"`', "`"
        )
    return f"`{default}`"


def _meanings(kind: type) -> dict[str, str]:
    """The docstring under each field, of the class and of those it extends."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if each.__module__.split(".")[0] not in {"api", "cli", "core", "embedded", "workers"}:
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(each))).body[0]
        assert isinstance(body, ast.ClassDef)
        for field, below in zip(body.body, body.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr):
                found[ast.unparse(field.target)] = str(ast.literal_eval(below.value))
    return found
