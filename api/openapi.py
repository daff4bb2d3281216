"""The API's description as it is checked in: `python -m api.openapi` writes api/openapi.json anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from api.app import create_app
from api.settings import ApiSettings

CHECKED_IN: Final = Path(__file__).with_name("openapi.json")


def document() -> str:
    """Needs no server: nothing is opened before an application is started."""
    app = create_app(ApiSettings(database_url=SecretStr("postgresql://nowhere/nothing")))
    return json.dumps(app.openapi(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    CHECKED_IN.write_text(document(), encoding="utf-8")
