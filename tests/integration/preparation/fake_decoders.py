"""Decoders that misbehave, as short programs in place of the real one."""

from __future__ import annotations

import sys
from typing import Final

from workers.preparation.decoder.nursery import Nursery

PRELUDE: Final = """
import json, os, signal, struct, sys
from workers.preparation.decoder.nursery_process import serve

def say(kind, payload=b""):
    os.write(1, struct.pack(">BI", kind, len(payload)) + payload)

def ready():
    say(1)

def describe(**changes):
    fields = dict(container="wav", codec="pcm_s16le", sample_rate=8000, channels=1, expected_ms=None)
    say(2, json.dumps(fields | changes).encode())

def audio(payload):
    say(3, payload)

def verdict(code=None, skipped_packets=0):
    say(4, json.dumps(dict(code=code, skipped_packets=skipped_packets)).encode())
"""


def fake_decoder(program: str) -> Nursery:
    """A nursery whose decoders do this; they are not confined."""
    serving = f"serve(lambda *_: exec({program!r}, globals()))"
    return Nursery(command=[sys.executable, "-s", "-P", "-c", PRELUDE + serving])
