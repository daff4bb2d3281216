"""Headers that say what cannot be: rates, channels, sizes, counts."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from tests.integration.preparation.hostile.formats import (
    atom,
    compressed_frame,
    fmt,
    id3,
    matroska,
    patched,
    real,
    riff,
    silent_flac,
)
from tests.unit.preparation.recordings import wav

Make = Callable[[], bytes]
SOUND: Final = bytes(16_000)
U32: Final = b"\xff\xff\xff\xff"


def wave(data: bytes = SOUND, **form: int) -> bytes:
    return riff((b"fmt ", fmt(**form)), (b"data", data))


def floats(value: float, *, bits: int) -> bytes:
    kind = np.float32 if bits == 32 else np.float64
    samples = np.resize(np.array([value, 0.25, -0.25], kind), 8_000)
    return wave(samples.tobytes(), tag=3, align=bits // 8, bits=bits)


def extensible(kind: bytes) -> bytes:
    return riff((b"fmt ", fmt(tag=0xFFFE) + struct.pack("<HHI", 22, 16, 4) + kind), (b"data", SOUND))


def rf64(size: int) -> bytes:
    sizes = struct.pack("<QQQI", size, size, size, 0)
    form = riff((b"ds64", sizes), (b"fmt ", fmt()), form=b"RF64", claimed=0xFFFF_FFFF)
    return form + b"data" + U32 + SOUND


def aiff(rate: bytes, *, channels: int = 1, frames: int = 8_000, bits: int = 16) -> bytes:
    comm = struct.pack(">hIh", channels, frames, bits) + rate
    body = b"AIFFCOMM" + struct.pack(">I", len(comm)) + comm
    body += b"SSND" + struct.pack(">III", len(SOUND) + 8, 0, 0) + SOUND
    return b"FORM" + struct.pack(">I", len(body)) + body


def au(*, offset: int = 24, size: int = 16_000, form: int = 3, rate: int = 8_000, channels: int = 1) -> bytes:
    return struct.pack(">4sIIIII", b".snd", offset, size, form, rate, channels) + SOUND


def flac(**lies: int) -> bytes:
    return silent_flac(hours=0.01, **lies)


WAVS: Final[dict[str, Make]] = {
    **{f"WAV of {count} channels": partial(wave, channels=count) for count in (0, 3, 255, 65_535)},
    **{f"WAV at {rate} Hz": partial(wave, rate=rate) for rate in (0, 1, 3_999, 2**31 - 1, 2**32 - 1)},
    **{f"WAV with a block align of {align}": partial(wave, align=align) for align in (0, 1, 3, 65_535)},
    **{f"WAV of {bits} bits": partial(wave, bits=bits) for bits in (0, 1, 7, 64, 65_535)},
    **{f"WAV of format {tag:#06x}": partial(wave, tag=tag) for tag in (0, 0x55, 0xFF, 0x161, 0xFFFF)},
    **{
        f"ADPCM with a block align of {align}": partial(wave, tag=2, bits=4, align=align)
        for align in (0, 1, 65_535)
    },
    **{
        f"WAV that claims {size:#x} bytes": partial(wav, SOUND, claimed_bytes=size)
        for size in (0, 1, 0x7FFF_FFF0, 0xFFFF_FFFF)
    },
    **{f"RF64 that claims {size:#x} bytes": partial(rf64, size) for size in (0, 2**40, 2**63, 2**64 - 1)},
    "floats of 32 bits that are no numbers": partial(floats, float("nan"), bits=32),
    "floats of 32 bits without end": partial(floats, float("inf"), bits=32),
    "floats of 32 bits beyond all measure": partial(floats, 3e38, bits=32),
    "floats of 64 bits that are no numbers": partial(floats, float("nan"), bits=64),
    "floats of 64 bits without end": partial(floats, float("-inf"), bits=64),
    "floats of 64 bits too small to be": partial(floats, 5e-324, bits=64),
    "WAV of a kind that nobody knows": partial(extensible, b"\xaa" * 16),
    "WAV without a format": lambda: riff((b"data", SOUND)),
    "WAV whose samples come first": lambda: riff((b"data", SOUND), (b"fmt ", fmt())),
    "WAV of two formats": lambda: riff(
        (b"fmt ", fmt()), (b"fmt ", fmt(channels=2, rate=1)), (b"data", SOUND)
    ),
    "WAV with half a format": lambda: riff((b"fmt ", fmt()[:9]), (b"data", SOUND)),
    "WAV with a format of 1 MiB": lambda: riff((b"fmt ", fmt() + bytes(2**20)), (b"data", SOUND)),
    "WAV of 100,000 empty chunks": lambda: riff(
        *[(b"JUNK", b"")] * 100_000, (b"fmt ", fmt()), (b"data", SOUND)
    ),
    "WAV of lists within lists": lambda: riff(
        (b"fmt ", fmt()), (b"LIST", b"INFO" + b"LIST\xff\xff\0\0INFO" * 9_000), (b"data", SOUND)
    ),
    "WAV with a text of 4 GiB": lambda: riff((b"fmt ", fmt()))[:36] + b"bext" + U32 + SOUND,
}
AIFFS: Final[dict[str, Make]] = {
    "AIFF at no rate": partial(aiff, bytes(10)),
    "AIFF at an endless rate": partial(aiff, b"\x7f\xff" + bytes(8)),
    "AIFF at a negative rate": partial(aiff, b"\xc0\x0b\xfa" + bytes(7)),
    "AIFF of no channel": partial(aiff, b"\x40\x0b\xfa" + bytes(7), channels=0),
    "AIFF of 32,767 channels": partial(aiff, b"\x40\x0b\xfa" + bytes(7), channels=32_767),
    "AIFF of -1 channels": partial(aiff, b"\x40\x0b\xfa" + bytes(7), channels=-1),
    "AIFF of 4 billion frames": partial(aiff, b"\x40\x0b\xfa" + bytes(7), frames=2**32 - 1),
    "AIFF of -16 bits": partial(aiff, b"\x40\x0b\xfa" + bytes(7), bits=-16),
    "AU that begins 2 GiB on": partial(au, offset=2**31),
    "AU of 65,535 channels": partial(au, channels=65_535),
    "AU at no rate": partial(au, rate=0),
    "AU of a form that nobody knows": partial(au, form=99),
    "AU of 4 GiB": partial(au, size=2**32 - 1),
}
FLACS: Final[dict[str, Make]] = {
    "FLAC at no rate": partial(flac, rate=0),
    "FLAC of 8 channels": partial(flac, channels=8),
    "FLAC that claims two years": partial(flac, claimed_samples=2**36 - 1),
    "FLAC with blocks of no sample": lambda: patched(flac(), b"fLaC", bytes(4), skip=4),
    "FLAC with a block of 16 MiB": lambda: patched(flac(), b"fLaC", b"\x84\xff\xff\xff"),
    "FLAC with a picture of 4 GiB": lambda: b"fLaC\x06\0\0\x20" + U32 * 8 + flac()[4:],
    "FLAC with 4 billion comments": lambda: (
        flac()[:4] + b"\0" + flac()[5:42] + b"\x84\0\0\x08\0\0\0\0" + U32 + flac()[42:]
    ),
    "FLAC without a word on its form": lambda: b"fLaC" + flac()[42:],
}
MP3S: Final[dict[str, Make]] = {
    "MP3 with a tag of 256 MiB": lambda: id3(b"", claimed=2**28 - 1) + real("mp3"),
    "MP3 with 1,000 tags": lambda: id3(bytes(32)) * 1_000 + real("mp3"),
    "MP3 whose tag unpacks to 2 GiB": lambda: (
        id3(compressed_frame(b"TIT2", bytes(2**16), claimed=2**31 - 1)) + real("mp3")
    ),
    "MP3 whose tag unpacks to 64 MiB": lambda: (
        id3(compressed_frame(b"APIC", bytes(2**26), claimed=2**26)) + real("mp3")
    ),
    "MP3 with a picture of 4 GiB": lambda: id3(b"APIC" + U32 + b"\0\0\0image/png\0\3\0") + real("mp3"),
    "MP3 with 10,000 chapters": lambda: (
        id3((b"CHAP" + struct.pack(">I", 18) + b"\0\0x\0" + bytes(16)) * 10_000) + real("mp3")
    ),
    "MP3 that claims 4 billion frames": lambda: patched(real("mp3"), b"Info", b"\0\0\0\3" + U32 * 2),
    "MP3 of one frame": lambda: real("mp3")[-417:],
    "MP3 whose frames change rate": lambda: real("mp3") + b"\xff\xe3\x18\xc4" + bytes(140) + real("mp3"),
}
MP4S: Final[dict[str, Make]] = {
    "MP4 at no rate": lambda: patched(real("m4a"), b"mp4a", bytes(4), skip=24),
    "MP4 of 65,535 channels": lambda: patched(real("m4a"), b"mp4a", b"\xff\xff", skip=16),
    "MP4 with a clock that stands still": lambda: patched(real("m4a"), b"mdhd", bytes(4), skip=12),
    "MP4 that claims 4 billion samples": lambda: patched(real("m4a"), b"stsz", U32, skip=8),
    "MP4 whose samples are 4 GiB each": lambda: patched(real("m4a"), b"stsz", U32, skip=4),
    "MP4 with 4 billion times": lambda: patched(real("m4a"), b"stts", U32, skip=4),
    "MP4 with one time for 4 billion samples": lambda: patched(real("m4a"), b"stts", U32, skip=8),
    "MP4 with samples of 4 billion ticks": lambda: patched(
        real("m4a"), b"stts", b"\x7f\xff\xff\xff", skip=12
    ),
    "MP4 with 4 billion places": lambda: patched(real("m4a"), b"stco", U32, skip=4),
    "MP4 whose samples lie past its end": lambda: patched(real("m4a"), b"stco", U32, skip=8),
    "MP4 with 4 billion kinds of sample": lambda: patched(real("m4a"), b"stsd", U32, skip=4),
    "MP4 with 4 billion runs": lambda: patched(real("m4a"), b"stsc", U32, skip=4),
    "MP4 of two codecs at once": lambda: real("m4a").replace(b"mp4a", b"alac"),
    "MP4 that begins in a century": lambda: patched(
        real("m4a"), b"elst", b"\0\0\0\1" + U32[:3] + b"\0" + b"\x7f\xff\xff\xff", skip=4
    ),
    "MP4 whose sound is in another file": lambda: patched(real("m4a"), b"url ", bytes(4)),
    "MP4 whose codec is told in 255 MiB": lambda: patched(
        real("m4a"), b"esds", b"\x03\xff\xff\xff\x7f", skip=4
    ),
    "MP4 without its index": lambda: atom(b"ftyp", b"M4A \0\0\2\0isom") + atom(b"mdat", bytes(4_096)),
}
MATROSKAS: Final[dict[str, Make]] = {
    **{
        f"Matroska at {rate} Hz": partial(matroska, rate=rate)
        for rate in (0.0, -1.0, 1e300, float("nan"), float("inf"))
    },
    **{f"Matroska of {count} channels": partial(matroska, channels=count) for count in (0, 3, 255)},
    **{f"Matroska of {bits} bits": partial(matroska, bits=bits) for bits in (0, 1, 255)},
    "Matroska of an unknown codec": partial(matroska, codec=b"A_NOBODY"),
    "Matroska of a codec for pictures": partial(matroska, codec=b"V_MPEG4/ISO/AVC"),
    "Matroska of Vorbis with random headers": partial(
        matroska, codec=b"A_VORBIS", private=b"\2\xff\xff\xff" * 20
    ),
    "Matroska of Opus with random headers": partial(
        matroska, codec=b"A_OPUS", private=b"OpusHead\1\xff" + b"\xff" * 300
    ),
    "Matroska of AAC with random headers": partial(matroska, codec=b"A_AAC", private=b"\xff" * 64),
    "Matroska of ALAC with random headers": partial(matroska, codec=b"A_ALAC", private=b"\xff" * 24),
    "Matroska of FLAC with random headers": partial(
        matroska, codec=b"A_FLAC", private=b"fLaC\x80\0\0\x22" + b"\xff" * 34
    ),
}

LIES: Final = {**WAVS, **AIFFS, **FLACS, **MP3S, **MP4S, **MATROSKAS}
