from __future__ import annotations

import pytest

from core.errors import InvalidRequest
from core.outbound.targets import LONGEST_URL, Target


class TestTarget:
    def test_has_what_a_request_needs(self) -> None:
        target = Target.of("https://Hooks.Example:8443/a%20b?c=d")

        assert (target.scheme, target.host, target.port) == ("https", "hooks.example", 8443)
        assert (target.path, target.authority) == (b"/a%20b?c=d", "hooks.example:8443")

    @pytest.mark.parametrize(
        ("url", "origin"),
        [
            ("https://hooks.example", "https://hooks.example:443"),
            ("https://HOOKS.example:443/x", "https://hooks.example:443"),
            ("http://hooks.example/", "http://hooks.example:80"),
            ("https://[2A00::1]:8443/", "https://[2a00::1]:8443"),
            ("https://bücher.example/", "https://xn--bcher-kva.example:443"),
        ],
    )
    def test_has_one_origin_however_it_is_written(self, url: str, origin: str) -> None:
        assert Target.of(url).origin == origin

    def test_brackets_an_address_in_its_host_header(self) -> None:
        assert Target.of("https://[2a00::1]:8443/").authority == "[2a00::1]:8443"

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "hooks.example",
            "//hooks.example",
            "ftp://hooks.example/",
            "file:///etc/passwd",
            "gopher://127.0.0.1:6379/_x",
            "https://",
            "https:///path",
            "https://user:password@hooks.example/",
            "https://hooks.example\\@10.0.0.1/",
            "https://hooks.example/#fragment",
            "https://hooks.example:0/",
            "https://hooks.example:65536/",
            "https://hooks.example/\n",
            "https://①②⑦.0.0.1/",
            "https://[::1/",
            "https://hooks.example/" + "x" * LONGEST_URL,
        ],
    )
    def test_refuses_what_is_no_url_of_a_receiver(self, url: str) -> None:
        with pytest.raises(InvalidRequest):
            Target.of(url)
