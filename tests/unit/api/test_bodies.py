"""Content-Type, as anybody may write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from api.bodies import media_type_of
from core.errors import UnsupportedMediaType

PARAMETERS = st.lists(
    st.sampled_from(
        [
            "boundary=a",
            "boundary*=utf-8''a",
            "boundary*0=a",
            "boundary*0*=utf-8''a%FF",
            "boundary*1=b",
            "a",
            "=",
            '"',
        ]
    )
    | st.text(st.characters(max_codepoint=255), max_size=20),
    max_size=5,
)


def request_with(content_type: str) -> Request:
    headers = [(b"content-type", content_type.encode("latin-1"))]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers})


class TestMediaType:
    @given(st.sampled_from(["multipart/form-data", "application/json", "", "/"]), PARAMETERS)
    def test_is_read_or_refused(self, kind: str, parameters: list[str]) -> None:
        try:
            header = media_type_of(request_with("; ".join([kind, *parameters])))
        except UnsupportedMediaType:
            return

        header.get_param("boundary")

        assert header.get_content_type()

    def test_two_ways_to_say_the_same_are_refused(self) -> None:
        with pytest.raises(UnsupportedMediaType):
            media_type_of(request_with("multipart/form-data; boundary*=utf-8''a; boundary*0*=utf-8''b"))
