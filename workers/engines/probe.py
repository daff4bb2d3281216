"""A short clip that every engine hears before any caller's audio: to warm up, and to check itself."""

from __future__ import annotations

from importlib import resources
from typing import Final, cast

import soundfile

from workers.engines.base import Samples

TEXT: Final = "Thank you for calling customer support, my name is Michael. How can I help you today?"


def speech() -> Samples:
    """Five seconds of synthetic English; the first turn of samples/call_en.wav at 16 kHz."""
    clip = resources.files("workers.engines") / "clips" / "probe.flac"
    with clip.open("rb") as file:
        samples, _ = soundfile.read(file, dtype="float32")
    return cast("Samples", samples)
