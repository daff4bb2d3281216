"""Files that are built against their reader: without end, without bottom, far larger than they look."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import av
from av.container import OutputContainer

from tests.integration.preparation.hostile.formats import (
    UNKNOWN_SIZE,
    atom,
    ebml,
    fmt,
    id3,
    matroska,
    nested,
    ogg_page,
    real,
    riff,
    silent_flac,
)
from tests.unit.preparation.recordings import Format, add_sound, film, silent_opus, tone, write_picture

Make = Callable[[], bytes]
U64: Final = b"\xff" * 8
FTYP: Final = atom(b"ftyp", b"M4A \0\0\2\0isom")
SILENT_MP3: Final = b"\xff\xe3\x18\xc4" + bytes(68)
"""A frame of MPEG 2.5 at 8 kbit/s: 72 bytes for 72 ms."""


def opus(hours: float) -> bytes:
    with TemporaryDirectory() as folder:
        return silent_opus(Path(folder) / "day.opus", hours=hours).read_bytes()


def packed(content: bytes, *, algorithm: int = 0) -> bytes:
    """A recording whose one block is to be unpacked."""
    settings = ebml(0x5034, ebml(0x4254, bytes([algorithm])))
    encoding = ebml(0x6240, ebml(0x5031, b"\0") + ebml(0x5032, b"\1") + ebml(0x5033, b"\0") + settings)
    return matroska(encodings=ebml(0x6D80, encoding), blocks=(content,))


def stripped(size: int) -> bytes:
    """A recording whose every block is to get the same beginning."""
    settings = ebml(0x5034, ebml(0x4254, b"\3") + ebml(0x4255, bytes(size)))
    encoding = ebml(0x6240, ebml(0x5032, b"\1") + settings)
    return matroska(encodings=ebml(0x6D80, encoding), blocks=(b"\0",) * 2_000)


def deep(identity: int, depth: int) -> bytes:
    """Elements within each other, all of unknown size."""
    return ebml(identity, b"", claimed=UNKNOWN_SIZE) * depth


def opus_stream(
    serial: int, *, packet: bytes = b"\xf8\xff\xfe", channels: int = 1, family: int = 0, granule: int = 48_000
) -> bytes:
    table = bytes([1, 0]) + bytes(channels) if family else b""
    head = b"OpusHead\1" + bytes([channels]) + struct.pack("<HIHB", 312, 48_000, 0, family) + table
    tags = b"OpusTags\1\0\0\0x\0\0\0\0"
    return (
        ogg_page(head[:255], serial=serial, number=0, flags=2, granule=0)
        + ogg_page(tags, serial=serial, number=1, flags=0, granule=0)
        + ogg_page(packet, serial=serial, number=2, flags=4, granule=granule)
    )


def streams_at_once(count: int) -> bytes:
    heads = [opus_stream(serial)[: 28 + 19] for serial in range(count)]
    return b"".join(heads) + opus_stream(count)


def lacing_without_end() -> bytes:
    """Pages whose packet never ends."""
    page = bytearray(b"OggS\0\1" + bytes(20) + b"\xff" * 256 + bytes(255 * 255))
    page[26] = 255
    return opus_stream(1)[:-34] + bytes(page) * 50


def film_of(fill: Callable[[OutputContainer], None], container: str = "mp4") -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "film"
        with av.open(path, "w", format=container) as output:
            fill(output)
        return path.read_bytes()


def sound_into(output: OutputContainer, *, rate: int = 44_100) -> None:
    sound = add_sound(output, Format("mp4", "mp4", "aac", rate=rate))
    frame = av.AudioFrame.from_ndarray(tone(rate=rate).reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = rate
    output.mux(sound.encode(frame))
    output.mux(sound.encode(None))


def many_pictures(output: OutputContainer) -> None:
    for _ in range(50):
        stream = output.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 16
        stream.pix_fmt = "yuv420p"
    sound_into(output)


def silent_film() -> bytes:
    with TemporaryDirectory() as folder:
        return film(Path(folder) / "film.mp4").read_bytes()


def picture(content: bytes) -> bytes:
    body = b"\0image/png\0\3\0" + content
    return b"APIC" + struct.pack(">I", len(body)) + b"\0\0" + body


def wrong_sums(content: bytes) -> bytes:
    pages = content.split(b"OggS")
    return b"OggS".join(page[:18] + b"\1\2\3\4" + page[22:] if len(page) > 22 else page for page in pages)


def foreign_heads() -> list[bytes]:
    heads = [b"\x7fFLAC\1\0\0\1fLaC", b"\x80theora\3\2\1" + bytes(32), b"Speex   1.2" + bytes(60)]
    return [ogg_page(head, serial=number, number=0, flags=2, granule=0) for number, head in enumerate(heads)]


BOMBS: Final[dict[str, Make]] = {
    "a day of silence in FLAC, 160 kB": lambda: silent_flac(hours=24),
    "a day of silence in FLAC that says so": lambda: silent_flac(hours=24, claimed_samples=24 * 3600 * 8_000),
    "a day of silence in FLAC that says a second": lambda: silent_flac(hours=24, claimed_samples=8_000),
    "an hour of silence in FLAC, stereo at 192 kHz": lambda: silent_flac(hours=1, rate=192_000, channels=2),
    "an hour of silence in FLAC at 655 kHz": lambda: silent_flac(hours=1, rate=655_350),
    "an hour of silence in Opus": lambda: opus(1),
    "an hour of silence in Opus whose end is cut off": lambda: opus(1)[:-200],
    "an hour of silence in MP3": lambda: SILENT_MP3 * 50_000,
    "a quarter of an hour of nothing in AMR": lambda: b"#!AMR\n" + b"\x7c" * 45_000,
    "a second that Opus calls a century": lambda: opus_stream(1, granule=100 * 365 * 86_400 * 48_000),
    "a second that Opus calls less than nothing": lambda: opus_stream(1, granule=-(2**63)),
    "Matroska that unpacks to 64 MiB": lambda: packed(zlib.compress(bytes(2**26))),
    "Matroska packed by bzip2": lambda: packed(b"BZh9" + bytes(64), algorithm=1),
    "Matroska packed by LZO": lambda: packed(b"\x11" * 4_000, algorithm=2),
    "Matroska whose blocks share 256 KiB": lambda: stripped(2**18),
    "Matroska that is packed and is not": lambda: packed(b"\0" * 4_000),
}


TANGLES: Final[dict[str, Make]] = {
    "MP4 of 10,000 atoms within each other": lambda: FTYP + nested(b"moov", 10_000),
    "MP4 of 100,000 boxes of tracks within each other": lambda: FTYP + nested(b"trak", 100_000),
    "MP4 of 1,000,000 empty atoms": lambda: FTYP + atom(b"free") * 1_000_000 + real("m4a"),
    "MP4 with an atom of size 1": lambda: FTYP + atom(b"moov", b"\x7f" + U64, claimed=1),
    "MP4 with an atom of size 3": lambda: FTYP + atom(b"moov", bytes(64), claimed=3),
    "MP4 with an atom larger than it": lambda: FTYP + atom(b"moov", bytes(64), claimed=2**32 - 1),
    "MP4 of 5,000 tracks": lambda: FTYP + atom(b"moov", atom(b"trak", atom(b"mdia", atom(b"minf"))) * 5_000),
    "MP4 of 100,000 fragments": lambda: (
        real("m4a") + (atom(b"moof", atom(b"traf")) + atom(b"mdat")) * 100_000
    ),
    "MP4 with a packed index": lambda: (
        FTYP
        + atom(
            b"moov",
            atom(
                b"cmov",
                atom(b"dcom", b"zlib") + atom(b"cmvd", b"\x7f\xff\xff\xff" + zlib.compress(bytes(2**22))),
            ),
        )
    ),
    "MP4 of 50 pictures and a sound": lambda: film_of(many_pictures),
    "MP4 of pictures alone": silent_film,
    "AVI of pictures": lambda: film_of(lambda output: write_picture(output, seconds=1), "avi"),
    "MPEG-TS": lambda: film_of(sound_into, "mpegts"),
    "Matroska of 50 pictures and a sound": lambda: film_of(many_pictures, "matroska"),
    "Matroska of chapters within each other": lambda: matroska(
        extra=deep(0x1043A770, 1) + deep(0x45B9, 1) + deep(0xB6, 10_000)
    ),
    "Matroska of tags within each other": lambda: matroska(
        extra=ebml(0x1254C367, ebml(0x7373, deep(0x67C8, 10_000)))
    ),
    "Matroska of segments within each other": lambda: matroska()[:60] + deep(0x18538067, 10_000),
    "Matroska with an attachment of 1 EiB": lambda: matroska(
        extra=ebml(0x1941A469, ebml(0x61A7, ebml(0x465C, b"", claimed=2**55)))
    ),
    "Matroska whose index is itself": lambda: matroska(
        extra=ebml(0x114D9B74, ebml(0x4DBB, ebml(0x53AB, b"\x11\x4d\x9b\x74") + ebml(0x53AC, b"\0")) * 1_000)
    ),
    "Matroska with a cluster at the end of time": lambda: matroska(
        extra=ebml(0x1F43B675, ebml(0xE7, b"\x7f" + U64[1:]) + ebml(0xA3, b"\x81\0\0\x80" + bytes(400)))
    ),
    "Matroska with lacing that does not add up": lambda: matroska(blocks=(b"",)).replace(
        b"\x81\0\0\x80", b"\x81\0\0\x06\xff" + b"\xff" * 255
    ),
    "Matroska that does not say what it is": lambda: b"\x1a\x45\xdf\xa3" + b"\xff" * 4_096,
    "Matroska that is cut in its head": lambda: matroska()[:40],
    "Ogg with wrong sums": lambda: wrong_sums(real("opus")),
    "Ogg of three recordings in a chain": lambda: real("opus") + real("vorbis") + real("opus"),
    "Ogg of a chain of 500 recordings": lambda: b"".join(map(opus_stream, range(500))),
    "Ogg of 1,000 recordings at once": lambda: streams_at_once(1_000),
    "Ogg of Opus with 255 channels": lambda: opus_stream(1, channels=255, family=255),
    "Ogg of Opus with no channel": lambda: opus_stream(1, channels=0),
    "Ogg of Opus without end in its packet": lacing_without_end,
    "Ogg of Opus that is none": lambda: opus_stream(1, packet=b"\xff" * 250),
    "Ogg of FLAC, Theora and Speex heads": lambda: b"".join(foreign_heads()),
    "Ogg of Vorbis that begins with its third head": lambda: real("vorbis")[58:],
    "AAC of frames without content": lambda: b"\xff\xf1\x50\x40\0\xff\xfc" * 5_000,
    "AAC of frames shorter than their head": lambda: b"\xff\xf1\x50\x40\0\x1f\xfc" * 5_000,
    "AMR of nothing but a head": lambda: b"#!AMR\n",
    "AMR of frames that are reserved": lambda: b"#!AMR\n" + b"\x54" * 10_000,
    "AMR of several channels": lambda: b"#!AMR_MC1.0\n\xff\xff\xff\xff" + b"\x3c" * 4_000,
    "GSM of random bytes": lambda: riff(
        (b"fmt ", fmt(tag=0x31, align=65, bits=0) + b"\2\0\x40\1"), (b"data", bytes(range(256)) * 260)
    ),
    "G.726 of 7 bits": lambda: riff((b"fmt ", fmt(tag=0x45, align=1, bits=7)), (b"data", bytes(16_000))),
    "MP3 whose picture is an MP3": lambda: id3(picture(real("mp3"))) + real("mp3"),
    "Matroska that is packed": lambda: packed(zlib.compress(bytes(16_000))),
}


STRUCTURES: Final = {**BOMBS, **TANGLES}
