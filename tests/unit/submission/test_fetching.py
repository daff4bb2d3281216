"""Which addresses of recordings are taken, and what is shown of them."""

from __future__ import annotations

import uuid

import pytest
from pydantic import SecretStr

from core.errors import AddressForbidden, ImportForbidden, InvalidRequest, ServiceError
from core.settings import CoreSettings, FetchSettings
from submission.batches.item import item_of
from submission.fetching import check_fetch, to_fetch

SECRET = "X-Amz-Signature=hush"


def settings(*hosts: str, enabled: bool = True) -> CoreSettings:
    fetch = FetchSettings(enabled=enabled, hosts=hosts)
    return CoreSettings(database_url=SecretStr("postgresql://nowhere/nothing"), fetch=fetch)


class TestCheck:
    @pytest.mark.parametrize("hosts", [("calls.example",), (".example",), ("*",), ("CALLS.example",)])
    def test_lets_named_hosts_be_fetched_from(self, hosts: tuple[str, ...]) -> None:
        check_fetch("https://calls.example/a.wav?x=1", settings(*hosts))

    def test_lets_nothing_be_fetched_unless_it_is_switched_on(self) -> None:
        with pytest.raises(ImportForbidden):
            check_fetch("https://calls.example/a.wav", settings("*", enabled=False))

    @pytest.mark.parametrize("hosts", [(), ("example",), (".calls.example",), ("calls.example.org",)])
    def test_refuses_others(self, hosts: tuple[str, ...]) -> None:
        with pytest.raises(ImportForbidden):
            check_fetch("https://calls.example/a.wav", settings(*hosts))

    @pytest.mark.parametrize(
        ("url", "error"),
        [
            ("http://calls.example/a.wav", AddressForbidden),
            ("https://calls.example:22/a.wav", AddressForbidden),
            ("https://127.0.0.1/a.wav", AddressForbidden),
            ("https://[::1]/a.wav", AddressForbidden),
            ("https://2130706433/a.wav", AddressForbidden),
            ("https://kim:hush@calls.example/a.wav", InvalidRequest),
            ("ftp://calls.example/a.wav", InvalidRequest),
            ("https:///a.wav", InvalidRequest),
        ],
    )
    def test_refuses_what_is_no_public_address(self, url: str, error: type[ServiceError]) -> None:
        with pytest.raises(error):
            check_fetch(url, settings("*"))

    @pytest.mark.parametrize("hosts", [("*",), ("other.example",)])
    def test_tells_nothing_of_an_address_but_its_host(self, hosts: tuple[str, ...]) -> None:
        with pytest.raises(ServiceError) as refusal:
            check_fetch(f"http://calls.example/a.wav?{SECRET}", settings(*hosts))

        assert "hush" not in str(refusal.value)


class TestNames:
    @pytest.mark.parametrize(
        ("path", "name"), [("/x/a%20b.wav", "a b.wav"), ("/", None), ("", None), ("/a%0Ab.wav", "ab.wav")]
    )
    def test_are_taken_from_the_path(self, path: str, name: str | None) -> None:
        recording = to_fetch(f"https://calls.example{path}?{SECRET}", owner_id=uuid.uuid4())

        assert recording.filename == name

    def test_of_items_leave_the_query_out(self) -> None:
        item = item_of({"url": f"https://calls.example/a.wav?{SECRET}"}, {})

        assert item.custom_id == "https://calls.example/a.wav"
