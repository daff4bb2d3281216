"""Files under an audio's name that are none, and some that would have other files read."""

from __future__ import annotations

import gzip
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Final

from tests.integration.preparation.calls import recording_of
from tests.integration.preparation.hostile.formats import fmt, id3, real, riff

CANARY: Final = str(recording_of("call_en"))
"""A call that would decode, if it were found."""
HLS: Final = "#EXTM3U\n#EXT-X-TARGETDURATION:40\n#EXTINF:40,\n{}\n#EXT-X-ENDLIST\n"
XXE: Final = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY y SYSTEM "file://{CANARY}">]><x>&y;</x>'
MPD: Final = """<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"
profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="audio/mp4">
<Representation id="1"><BaseURL>{}</BaseURL></Representation></AdaptationSet></Period></MPD>"""
CPL: Final = (
    '<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016">'
    "<Id>urn:uuid:0</Id></CompositionPlaylist>"
)

TEXTS: Final = {
    "ffconcat of a local file": f"ffconcat version 1.0\nfile {CANARY}\n",
    "ffconcat that may name any file": f"ffconcat version 1.0\nfile '/proc/self/environ'\nfile {CANARY}\n",
    "ffconcat of itself": "ffconcat version 1.0\nfile recording\nfile recording\n",
    "HLS of a local file": HLS.format(CANARY),
    "HLS of a server inside": HLS.format("http://127.0.0.1:9/call.wav"),
    "HLS of files end to end": HLS.format(f"concat:{CANARY}|{CANARY}"),
    "HLS with a key from a local file": HLS.format(
        f'#EXT-X-KEY:METHOD=AES-128,URI="file://{CANARY}"\n{CANARY}'
    ),
    "HLS behind a byte order mark": "\ufeff" + HLS.format(CANARY),
    "HLS behind a WAV's first words": "RIFF\0\0\0\0WAVE\n" + HLS.format(CANARY),
    "DASH of a local file": MPD.format(CANARY),
    "an IMF play list": CPL,
    "SDP of a port to listen on": "v=0\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    "PLS": f"[playlist]\nFile1={CANARY}\nNumberOfEntries=1\nVersion=2\n",
    "ASX": f'<asx version="3.0"><entry><ref href="file://{CANARY}"/></entry></asx>',
    "XSPF": f"<playlist><trackList><track><location>file://{CANARY}</location></track></trackList></playlist>",
    "a cue sheet": f'FILE "{CANARY}" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n',
    "an AviSynth script": f'WavSource("{CANARY}")\n',
    "a VapourSynth script": "import vapoursynth\n",
    "a concat: address": f"concat:{CANARY}|{CANARY}",
    "a subfile: address": f"subfile,,start,0,end,0,,:{CANARY}",
    "a data: address": "data:audio/wav;base64,UklGRg==",
    "an rtsp: address": "rtsp://127.0.0.1:9/call",
    "XML with an outer entity": XXE,
    "SVG with a picture elsewhere": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="file://{CANARY}"/></svg>',
    "FFmpeg's own metadata": ";FFMETADATA1\ntitle=x\n",
    "SubRip": "1\n00:00:00,000 --> 00:00:01,000\nHello\n",
    "WebVTT": "WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n",
    "ASS": "[Script Info]\nScriptType: v4.00+\n[Events]\nDialogue: 0,0:00:00.00,0:00:01.00,,,0,0,0,,x\n",
    "a page that says not found": "<!doctype html><title>404</title><h1>Not found</h1>",
    "a program for the shell": "#!/bin/sh\nrm -rf /\n",
    "a letter": "Dear sirs, please find the recording attached.\n" * 50,
}


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("call.wav", real("wav"))
    return file.getvalue()


def png() -> bytes:
    def piece(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    size = struct.pack(">IIBBBBB", 16, 16, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(16 * 17))
    return b"\x89PNG\r\n\x1a\n" + piece(b"IHDR", size) + piece(b"IDAT", pixels) + piece(b"IEND", b"")


BINARIES: Final[dict[str, Callable[[], bytes]]] = {
    "nothing": lambda: b"",
    "one byte": lambda: b"R",
    "zeros": lambda: bytes(2**16),
    "ones": lambda: b"\xff" * 2**16,
    "random bytes": lambda: random.Random(1).randbytes(2**16),  # noqa: S311
    "a zip archive": zipped,
    "a gzip bomb": lambda: gzip.compress(bytes(2**24), mtime=0),
    "a program (ELF)": lambda: b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHI", 2, 62, 1) + bytes(500),
    "a program (PE)": lambda: b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(500),
    "PDF": lambda: b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n",
    "PNG": png,
    "GIF": lambda: b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\1\0\1\0\0\2\2D\1\0;",
    "a database (SQLite)": lambda: b"SQLite format 3\0" + bytes(4_080),
    "a play list behind an ID3 tag": lambda: id3(bytes(64)) + HLS.format(CANARY).encode(),
    "a play list in UTF-16": lambda: HLS.format(CANARY).encode("utf-16"),
    "a WAV that is a play list": lambda: riff((b"fmt ", fmt()), (b"data", HLS.format(CANARY).encode() * 50)),
    "a WAV that holds an MP3": lambda: riff((b"fmt ", fmt()), (b"data", real("mp3"))),
    "a WAV that holds AC-3 by its sync words": lambda: riff(
        (b"fmt ", fmt()), (b"data", b"\x0b\x77\0\0\x14\x40" * 3_000)
    ),
    "an AVI": lambda: riff((b"LIST", b"hdrl" + bytes(64))).replace(b"WAVE", b"AVI "),
}

MASQUERADES: Final[dict[str, Callable[[], bytes]]] = {
    **{name: text.encode for name, text in TEXTS.items()},
    **BINARIES,
}
