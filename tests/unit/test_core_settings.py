"""What processes refuse to start with."""

from __future__ import annotations

import pytest
from pydantic import SecretStr, ValidationError

from core.errors import UnknownModel
from core.settings import CoreSettings

URL = SecretStr("postgresql://nowhere/nothing")


class TestModels:
    def test_one_that_nobody_knows_stops_the_process_at_its_start(self) -> None:
        with pytest.raises(UnknownModel, match="whisper-hug"):
            CoreSettings(database_url=URL, models=("whisper-base", "whisper-hug"))

    def test_there_is_at_least_one(self) -> None:
        with pytest.raises(ValidationError):
            CoreSettings(database_url=URL, models=())
