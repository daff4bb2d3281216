"""Tests of what only a GPU does. Without one there is nothing here to run."""

from __future__ import annotations

import torch

collect_ignore_glob = [] if torch.cuda.is_available() else ["test_*.py"]
