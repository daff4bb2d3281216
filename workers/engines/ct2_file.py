"""Read CTranslate2's binary model format."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt

Tensor = npt.NDArray[np.generic]

_DTYPES: Final = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}


def read(path: Path, *, spec: str) -> dict[str, Tensor]:
    """All tensors by name, aliases included; `ValueError` if the file holds another kind of model."""
    with path.open("rb") as file:
        reader = _Reader(file)
        reader.number("I")  # version of the format
        found = reader.text()
        if found != spec:
            raise ValueError(f"Expected a {spec} but found a {found}.")
        reader.number("I")  # revision of the spec
        tensors = dict(reader.tensor() for _ in range(reader.number("I")))
        for _ in range(reader.number("I")):
            alias = reader.text()
            tensors[alias] = tensors[reader.text()]
    return tensors


@dataclass(frozen=True, slots=True)
class _Reader:
    """Little-endian numbers, and strings and tensors that tell their length first."""

    file: BinaryIO

    def number(self, code: str) -> int:
        (value,) = struct.unpack(f"<{code}", self.file.read(struct.calcsize(code)))
        return int(value)

    def text(self) -> str:
        return self.file.read(self.number("H")).rstrip(b"\0").decode()

    def tensor(self) -> tuple[str, Tensor]:
        name = self.text()
        shape = tuple(self.number("I") for _ in range(self.number("B")))
        dtype = _DTYPES[self.number("B")]
        return name, np.frombuffer(self.file.read(self.number("I")), dtype=dtype).reshape(shape)
