"""A multipart form, parsed while it comes in: the file's bytes are handed on, the fields are kept."""

from __future__ import annotations

import logging
import re
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from api.bodies import UNREADABLE
from core.errors import InvalidRequest, MalformedBody

# It warns of every malformed body, which is its sender's affair.
logging.getLogger("python_multipart").setLevel(logging.ERROR)

FILE: Final = "file"
FIELDS_LIMIT: Final = 64 * 1024
"""Bytes of all fields together, names included; the file has a limit of its own."""
FILENAME_LIMIT: Final = 255

_AS_IT_IS: Final = (b"", b"binary", b"7bit", b"8bit")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


LIST_SUFFIX: Final = "[]"
"""Of the names of fields that may come several times: their values are joined by commas."""


class RecordingForm:
    """One `file` and some text fields, in any order. Keeps the fields, never the file."""

    def __init__(self, boundary: str) -> None:
        self.fields: dict[str, str] = {}
        self.filename: str | None = None
        self._has_file = False
        self._is_whole = False
        self._name = ""
        self._value: bytearray | None = None
        """Of the field that is being read; None while it is the file."""
        self._fields_size = 0
        self._header = (bytearray(), bytearray())
        self._headers: dict[bytes, bytes] = {}
        self._content: list[bytes] = []
        self._parser = self._parser_for(boundary)

    def feed(self, piece: bytes) -> bytes:
        """Take the next piece of the body, and return what of the file was in it."""
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise MalformedBody("The body is not a valid form.") from error
        content = b"".join(self._content)
        self._content.clear()
        return content

    def close(self) -> None:
        """The body is over: raise unless it was whole and had a file."""
        if not self._is_whole:
            raise MalformedBody("The form ended before its last boundary.")
        if not self._has_file:
            raise InvalidRequest("The form has no field `file`.")

    def _parser_for(self, boundary: str) -> MultipartParser:
        try:
            return MultipartParser(
                boundary,
                {
                    "on_part_begin": self._headers.clear,
                    "on_header_field": self._on_header_name,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_part,
                    "on_part_data": self._on_data,
                    "on_part_end": self._on_part_end,
                    "on_end": self._on_end,
                },
            )
        except (FormParserError, UnicodeEncodeError) as error:
            raise MalformedBody("The form's boundary cannot be used.") from error

    def _on_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def _on_header_end(self) -> None:
        name, value = self._header
        self._headers[bytes(name).lower()] = bytes(value)
        name.clear()
        value.clear()

    def _on_part(self) -> None:
        if self._headers.get(b"content-transfer-encoding", b"").lower() not in _AS_IT_IS:
            raise MalformedBody("Parts of a form are taken as they are, without a transfer encoding.")
        kind, parameters = _disposition(self._headers.get(b"content-disposition"))
        if kind != b"form-data" or b"name" not in parameters:
            raise MalformedBody("A part of the form has no name.")
        self._name = _text(parameters[b"name"])
        if self._name == FILE:
            self._begin_file(_text(parameters.get(b"filename", b"")))
        else:
            self._begin_field()

    def _begin_file(self, filename: str) -> None:
        if self._has_file:
            raise InvalidRequest("The form has two files; each recording is a job of its own.")
        self._has_file = True
        self._value = None
        # Some clients send their whole path; only its last part is anybody's business.
        last = re.split(r"[/\\]", filename)[-1]
        self.filename = _CONTROL.sub("", last)[:FILENAME_LIMIT] or None

    def _begin_field(self) -> None:
        if self._name in self.fields and not self._name.endswith(LIST_SUFFIX):
            raise InvalidRequest(f"The form has the field `{self._name[:64]}` twice.")
        self._value = bytearray()
        self._grow(len(self._name))

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._value is None:
            self._content.append(data[start:end])
        else:
            self._grow(end - start)
            self._value += data[start:end]

    def _on_part_end(self) -> None:
        if self._value is not None:
            value = _text(bytes(self._value))
            earlier = self.fields.get(self._name)
            self.fields[self._name] = value if earlier is None else f"{earlier},{value}"

    def _on_end(self) -> None:
        self._is_whole = True

    def _grow(self, size: int) -> None:
        self._fields_size += size
        if self._fields_size > FIELDS_LIMIT:
            raise MalformedBody("The fields of the form are too long.")


def _disposition(header: bytes | None) -> tuple[bytes, dict[bytes, bytes]]:
    try:
        return parse_options_header(header)
    except UNREADABLE as error:
        raise MalformedBody("A part of the form has a Content-Disposition that cannot be read.") from error


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise MalformedBody("The fields of the form must be UTF-8.") from error
