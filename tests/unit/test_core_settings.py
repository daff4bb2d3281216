"""What processes refuse to start with."""

from __future__ import annotations

import pytest
from pydantic import SecretStr, ValidationError

from core.errors import UnknownModel
from core.settings import CoreSettings, StorageSettings
from core.storage import CONNECT_WITHIN_S
from workers.settings import WorkerSettings

URL = SecretStr("postgresql://nowhere/nothing")


class TestStorage:
    def test_that_hangs_is_given_up_before_its_worker_is_taken_for_wedged(self) -> None:
        """A download asks twice between two signs of life: how large, and for the bytes."""
        storage = StorageSettings()

        longest_question = storage.attempts * (storage.answer_timeout.total_seconds() + CONNECT_WITHIN_S)

        assert 2 * longest_question < WorkerSettings.model_fields["stall_after"].default.total_seconds()


class TestModels:
    def test_one_that_nobody_knows_stops_the_process_at_its_start(self) -> None:
        with pytest.raises(UnknownModel, match="whisper-hug"):
            CoreSettings(database_url=URL, models=("whisper-base", "whisper-hug"))

    def test_there_is_at_least_one(self) -> None:
        with pytest.raises(ValidationError):
            CoreSettings(database_url=URL, models=())
