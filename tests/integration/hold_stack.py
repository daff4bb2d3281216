"""Runs the embedded stack until it is killed; says on standard output where it is. A script for the tests."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

from embedded.settings import EmbeddedSettings
from embedded.stack import EmbeddedStack

settings = EmbeddedSettings(state_dir=Path(sys.argv[1]), database_url=None, broker_url=None, storage=None)
with EmbeddedStack(settings) as stack:
    sys.stdout.write(json.dumps(stack.environment) + "\n")
    sys.stdout.flush()
    signal.pause()
