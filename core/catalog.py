"""The models that can be asked for by name, and what each can do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.errors import UnknownModel

DEFAULT_MODEL: Final = "whisper-base"


class EngineFamily(StrEnum):
    """Which code under `workers/engines` runs a model."""

    SCRIPTED = "scripted"
    WHISPER = "whisper"
    GLM_ASR = "glm_asr"


@dataclass(frozen=True, slots=True)
class Model:
    """A checkpoint's public name."""

    name: str
    family: EngineFamily
    hub_id: str | None
    """Where its checkpoint is published; None for engines without weights."""
    languages: tuple[str, ...] = ()
    """ISO 639-1 (or `yue`) codes that may be asked for; empty means none may."""
    detects_language: bool = False
    """Whether a hypothesis says which language was heard."""


# What every multilingual Whisper checkpoint lists (openai/whisper, tokenizer.py); large-v3 added `yue`.
WHISPER_LANGUAGES: Final = tuple(
    (
        "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr "
        "bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn "
        "yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su"
    ).split()
)


def _whisper(size: str, *, languages: tuple[str, ...] = WHISPER_LANGUAGES) -> Model:
    return Model(
        name=f"whisper-{size}",
        family=EngineFamily.WHISPER,
        hub_id=f"openai/whisper-{size}",
        languages=languages,
        detects_language=len(languages) > 1,
    )


CATALOG: Final = {
    model.name: model
    for model in (
        Model("glm-asr-nano-2512", EngineFamily.GLM_ASR, "zai-org/GLM-ASR-Nano-2512"),
        _whisper("tiny"),
        _whisper("tiny.en", languages=("en",)),
        _whisper("base"),
        _whisper("small"),
        _whisper("medium"),
        _whisper("large-v3", languages=(*WHISPER_LANGUAGES, "yue")),
        _whisper("large-v3-turbo", languages=(*WHISPER_LANGUAGES, "yue")),
        Model("scripted", EngineFamily.SCRIPTED, None, languages=("en", "zh", "yue")),
    )
}


def model_named(name: str) -> Model:
    """The catalog's entry, or `UnknownModel`."""
    try:
        return CATALOG[name]
    except KeyError:
        raise UnknownModel(f"No model named {name!r}.") from None
