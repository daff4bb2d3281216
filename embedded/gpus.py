"""Which devices speech models can have on this machine, found out without loading what would use them."""

from __future__ import annotations

import subprocess
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from embedded.settings import visible_gpus_setting

LISTING: Final = ("nvidia-smi", "-L")
ANSWER_WITHIN_S: Final = 20.0
"""The first call wakes the driver."""
CPU: Final = "cpu"
CPU_BUILD: Final = "+cpu"
"""How the version of a torch without CUDA ends."""
PART: Final = "MIG-"
"""A part of a GPU; CUDA shows a process one of them at most."""


def devices() -> tuple[str, ...]:
    """`cuda:0`, `cuda:1`, ... as torch will number them; `cpu` where there is none."""
    count = visible_gpus() if torch_knows_cuda() else 0
    return tuple(f"cuda:{number}" for number in range(count)) or (CPU,)


def visible_gpus() -> int:
    """How many CUDA_VISIBLE_DEVICES leaves of those that are there."""
    present = present_gpus()
    chosen = visible_gpus_setting()
    if chosen is None or not present:
        return present
    names = [name.strip() for name in chosen.split(",")]
    if names[0].startswith(PART):
        return 1
    valid = 0
    for name in names:
        # CUDA takes them up to the first that makes no sense.
        if not (name.startswith("GPU-") or (name.isdecimal() and int(name) < present)):
            break
        valid += 1
    return min(valid, present)


def present_gpus() -> int:
    """As the driver lists them; 0 without one."""
    try:
        listed = subprocess.run(
            LISTING, capture_output=True, text=True, timeout=ANSWER_WITHIN_S, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    return sum(line.startswith("GPU ") for line in listed.splitlines())


def torch_knows_cuda() -> bool:
    """Told from its version: to import it takes seconds, and memory on each device that is touched."""
    try:
        return not version("torch").endswith(CPU_BUILD)
    except PackageNotFoundError:
        return False
