"""What a process that loads an engine reads from its environment."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

MANDARIN_HINT: Final = "以下是普通话的句子。"
"""Without it Whisper mixes simplified and traditional characters within one call."""


class ScriptedSettings(BaseModel):
    """How the scripted engine misbehaves, for tests of the whole stack in separate processes.

    A chunk is marked by its loudest sample, in thousandths of full scale: that survives
    voice activity, cutting and lossless storage.
    """

    seconds_per_audio_second: float = Field(default=0.0, ge=0.0)
    """Pretended real-time factor; 0 answers at once."""
    load_seconds: float = Field(default=0.0, ge=0.0)
    """How long loading takes."""
    crash_on_peak: int | None = None
    """The process is killed, as by a segmentation fault."""
    hang_on_peak: int | None = None
    """`recognize` never returns and never beats, as in a wedged driver."""
    overload_on_peak: int | None = None
    """The chunk never fits, not even alone."""
    break_on_peak: int | None = None
    """The device is lost, as after a sticky CUDA error."""


class EngineSettings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="CALLSCRIBE_ENGINE__",
        env_nested_delimiter="__",
        frozen=True,
        extra="ignore",
        use_attribute_docstrings=True,
    )

    device: str = Field(default="auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$")
    """`auto` takes the first CUDA device, else the CPU."""
    dtype: Literal["auto", "float16", "bfloat16", "float32"] = "auto"
    """`auto` is float16 on CUDA; on a CPU bfloat16 where that is faster, else float32."""
    threads: int | None = Field(default=None, ge=1)
    """CPU threads of one engine; None leaves it to torch, which takes every core."""
    max_batch_chunks: int | None = Field(default=None, ge=1)
    """Instead of what the family and the device's memory suggest."""
    max_batch_seconds: float | None = Field(default=None, gt=0.0)
    """Instead of thirty seconds for each of `max_batch_chunks`."""
    glm_context_words: tuple[str, ...] = ()
    """Names and terms for the prompt; refused unless the checkpoint is known to honour them."""
    whisper_hints: dict[str, str] = Field(default_factory=lambda: {"zh": MANDARIN_HINT})
    """By language, a sentence that Whisper is made to believe it wrote before: it goes on in that script."""
    scripted: ScriptedSettings = Field(default_factory=ScriptedSettings)
