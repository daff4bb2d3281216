"""SECURITY.md, and what it says of settings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest
from pydantic import SecretStr, ValidationError

from api.settings import ApiSettings
from cli.commands.flower import FlowerSettings
from core.settings import StorageSettings
from tests.setting_rows import every_setting

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "SECURITY.md").read_text()
SECRET: Final = "correct-horse"


def test_every_threat_names_what_proves_its_defence() -> None:
    rows = PAGE.split("## What is defended where\n")[1].split("\n## ")[0].strip().splitlines()[2:]

    proofs = [re.findall(r"`(tests/[\w/.]+)`", row.split("|")[3]) for row in rows]

    assert len(rows) > 12
    assert all(proofs)
    assert [path for paths in proofs for path in paths if not (ROOT / path).exists()] == []


def test_settings_hide_their_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSCRIBE_DATABASE_URL", f"postgresql://user:{SECRET}@localhost/calls")
    settings = ApiSettings(
        storage=StorageSettings(access_key_id=SecretStr("id"), secret_access_key=SecretStr(SECRET)),
        rate_limit_url=SecretStr(f"redis://:{SECRET}@localhost"),
    )

    assert SECRET not in f"{settings!r} {settings} {settings.model_dump()}"


def test_flower_has_no_password_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSCRIBE_BROKER_URL", "redis://localhost")

    with pytest.raises(ValidationError, match="flower_password"):
        FlowerSettings()


def test_no_secret_has_a_default() -> None:
    secret = re.compile("PASSWORD$|SECRET_ACCESS_KEY|KEY_ID$|_URL$|API_KEY$")

    rows = [setting.row for setting in every_setting() if secret.search(setting.row.split("`")[1])]

    assert len(rows) > 4
    values = {row.split("`")[1]: row.split("|")[2].strip() for row in rows}
    assert {name: value for name, value in values.items() if value not in ("none", "**required**")} == {}
