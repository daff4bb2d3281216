"""GET /v1/models"""

from __future__ import annotations

from starlette.testclient import TestClient


class TestModels:
    def test_lists_what_is_served_the_default_first(self, client: TestClient) -> None:
        models = client.get("/v1/models").json()["data"]

        assert [(model["id"], model["default"]) for model in models] == [
            ("scripted", True),
            ("whisper-base", False),
            ("whisper-tiny.en", False),
        ]

    def test_says_which_languages_can_be_asked_for(self, client: TestClient) -> None:
        models = {model["id"]: model for model in client.get("/v1/models").json()["data"]}

        assert models["whisper-tiny.en"]["languages"] == ["en"]
        assert models["whisper-tiny.en"]["detects_language"] is False
        assert {"en", "zh"} < set(models["whisper-base"]["languages"])
        assert models["whisper-base"]["detects_language"] is True
