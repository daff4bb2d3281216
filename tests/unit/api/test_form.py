"""The form parser: whatever the order and however the body is cut."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.jobs.form import FIELDS_LIMIT, RecordingForm
from core.errors import InvalidRequest, MalformedBody, PermanentError
from tests.damage import mutants

BOUNDARY = "call"
FILE = 'form-data; name="file"; filename="a.wav"'


def part(disposition: str, content: bytes, *headers: str) -> bytes:
    lines = [f"--{BOUNDARY}", f"Content-Disposition: {disposition}", *headers, "", ""]
    return "\r\n".join(lines).encode() + content + b"\r\n"


def field(name: str, value: str) -> bytes:
    return part(f'form-data; name="{name}"', value.encode())


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def parsed(whole: bytes, *, step: int = 65_536) -> tuple[RecordingForm, bytes]:
    form = RecordingForm(BOUNDARY)
    content = b"".join(form.feed(whole[at : at + step]) for at in range(0, len(whole), step))
    form.close()
    return form, content


class TestRecordingForm:
    def test_joins_what_comes_several_times_under_the_name_of_a_list(self) -> None:
        names = [field("include[]", value) for value in ("segment", "word")]

        form, _ = parsed(body(names[0], part(FILE, b"RIFF"), names[1]))

        assert form.fields == {"include[]": "segment,word"}

    @given(content=st.binary(max_size=300), step=st.integers(1, 64), file_first=st.booleans())
    def test_hands_on_exactly_the_files_bytes(self, content: bytes, step: int, file_first: bool) -> None:
        parts = [part(FILE, content), field("lane", "bulk")]

        form, received = parsed(body(*(parts if file_first else parts[::-1])), step=step)

        assert received == content
        assert form.fields == {"lane": "bulk"}
        assert form.filename == "a.wav"

    @pytest.mark.parametrize("step", [1, 7, 65_536])
    def test_takes_what_looks_like_a_boundary_inside_the_file(self, step: int) -> None:
        content = b"\r\n--cal\r\n--\r\n--callx\r\n-call--"

        assert parsed(body(part(FILE, content)), step=step)[1] == content

    def test_keeps_nothing_of_the_file(self) -> None:
        form = RecordingForm(BOUNDARY)
        form.feed(part(FILE, b"x" * 1000)[:500])

        assert form.feed(b"y" * 1000) == b"y" * 1000
        assert form.feed(b"") == b""

    @pytest.mark.parametrize(
        ("sent", "shown"),
        [
            ("C:\\\\calls\\\\today.wav", "today.wav"),
            ("../../etc/passwd", "passwd"),
            ("通话.wav", "通话.wav"),
            ("a\x07b.wav", "ab.wav"),
            ("", None),
            ("x" * 300, "x" * 255),
        ],
    )
    def test_shows_only_the_last_part_of_a_file_name(self, sent: str, shown: str | None) -> None:
        form, _ = parsed(body(part(f'form-data; name="file"; filename="{sent}"', b"RIFF")))

        assert form.filename == shown

    def test_takes_a_file_without_a_name(self) -> None:
        form, content = parsed(body(part('form-data; name="file"', b"RIFF")))

        assert (form.filename, content) == (None, b"RIFF")


class TestRefusals:
    @pytest.mark.parametrize(
        ("sent", "error"),
        [
            pytest.param(body(field("lane", "bulk")), InvalidRequest, id="no file"),
            pytest.param(body(part(FILE, b"1"), part(FILE, b"2")), InvalidRequest, id="two files"),
            pytest.param(
                body(field("lane", "a"), field("lane", "b"), part(FILE, b"1")), InvalidRequest, id="twice"
            ),
            pytest.param(part(FILE, b"1"), MalformedBody, id="no last boundary"),
            pytest.param(body(part(FILE, b"1"))[:-6], MalformedBody, id="cut in the boundary"),
            pytest.param(b"", MalformedBody, id="nothing"),
            pytest.param(b"not a form at all", MalformedBody, id="no form"),
            pytest.param(body(part("form-data", b"1")), MalformedBody, id="part without a name"),
            pytest.param(body(part('attachment; name="file"', b"1")), MalformedBody, id="not form-data"),
            pytest.param(
                body(part("form-data; name*=utf-8''a; name*0*=utf-8''b", b"1")),
                MalformedBody,
                id="two names at once",
            ),
            pytest.param(
                body(part(FILE, b"UklGRg==", "Content-Transfer-Encoding: base64")),
                MalformedBody,
                id="encoded",
            ),
            pytest.param(
                body(part('form-data; name="lane"', b"\xff\xfe"), part(FILE, b"1")),
                MalformedBody,
                id="not UTF-8",
            ),
            pytest.param(body(field("metadata", "x" * FIELDS_LIMIT)), MalformedBody, id="long field"),
            pytest.param(
                body(*(field(f"{number:060}", "") for number in range(2000))), MalformedBody, id="many fields"
            ),
            pytest.param(body(part(FILE, b"1", "X-Long: " + "x" * 10_000)), MalformedBody, id="long header"),
        ],
    )
    def test_a_broken_form_is_named(self, sent: bytes, error: type[PermanentError]) -> None:
        with pytest.raises(error):
            parsed(sent)

    @pytest.mark.parametrize("boundary", ["x" * 1000, "通话"])
    def test_a_boundary_that_cannot_be_used_is_named(self, boundary: str) -> None:
        with pytest.raises(MalformedBody):
            RecordingForm(boundary)

    @given(change=st.randoms(use_true_random=False), step=st.sampled_from([1, 7, 65_536]))
    def test_any_body_is_a_form_or_named(self, change: Random, step: int) -> None:
        whole = body(
            field("model", "a"), part(FILE, b"RIFF" * 9, "Content-Type: audio/wav"), field("x[]", "é")
        )
        [sent] = mutants(whole, seed=change.getrandbits(32), count=1)

        try:
            form, _ = parsed(sent, step=step)
        except PermanentError:
            return

        assert all(isinstance(value, str) for value in form.fields.values())
