"""The pieces of containers, put together as their specifications forbid."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.unit.preparation.recordings import Format, tone, write

REAL: Final = {
    "wav": Format("wav", "wav", "pcm_s16le"),
    "adpcm": Format("wav", "wav", "adpcm_ms"),
    "aiff": Format("aiff", "aiff", "pcm_s16be"),
    "au": Format("au", "au", "pcm_mulaw"),
    "flac": Format("flac", "flac", "flac"),
    "mp3": Format("mp3", "mp3", "libmp3lame", rate=44_100),
    "m4a": Format("m4a", "ipod", "aac", rate=44_100),
    "film": Format("mp4", "mp4", "aac", rate=44_100, picture=True),
    "aac": Format("aac", "adts", "aac", rate=44_100),
    "opus": Format("ogg", "ogg", "libopus", rate=48_000),
    "vorbis": Format("ogg", "ogg", "vorbis", rate=44_100, channels=2),
    "mkv": Format("mkv", "matroska", "libopus", rate=48_000),
    "amr": Format("amr", "amr", "libopencore_amrnb"),
    "gsm": Format("wav", "wav", "gsm"),
}
"""One sound file of each kind, from which damaged ones are made."""
CHUNK: Final = struct.Struct("<4sI")


@cache
def real(kind: str) -> bytes:
    """A second of two tones, sound in every way."""
    form = REAL[kind]
    with TemporaryDirectory() as folder:
        samples = tone(seconds=1.0, rate=form.rate, channels=form.channels)
        return write(Path(folder) / f"call.{form.suffix}", form, samples).read_bytes()


def patched(content: bytes, after: bytes, value: bytes, *, skip: int = 0) -> bytes:
    """With other bytes so far behind the first place where `after` stands."""
    start = content.index(after) + len(after) + skip
    return content[:start] + value + content[start + len(value) :]


def riff(*chunks: tuple[bytes, bytes], form: bytes = b"RIFF", claimed: int | None = None) -> bytes:
    body = b"WAVE" + b"".join(CHUNK.pack(name, len(content)) + content for name, content in chunks)
    return CHUNK.pack(form, len(body) if claimed is None else claimed) + body


def fmt(*, tag: int = 1, channels: int = 1, rate: int = 8_000, align: int = 2, bits: int = 16) -> bytes:
    return struct.pack("<HHIIHH", tag, channels, rate, rate * align % 2**32, align, bits)


def atom(name: bytes, content: bytes = b"", *, claimed: int | None = None) -> bytes:
    return struct.pack(">I4s", len(content) + 8 if claimed is None else claimed, name) + content


def nested(name: bytes, depth: int, content: bytes = b"") -> bytes:
    """Atoms within each other; the size of each fits."""
    heads = [struct.pack(">I4s", 8 * level + len(content), name) for level in range(depth, 0, -1)]
    return b"".join(heads) + content


def ebml(identity: int, content: bytes, *, claimed: int | None = None) -> bytes:
    """An element whose size takes eight bytes."""
    name = identity.to_bytes((identity.bit_length() + 7) // 8, "big")
    size = len(content) if claimed is None else claimed
    return name + (0x01 << 56 | size).to_bytes(8, "big") + content


UNKNOWN_SIZE: Final = 2**56 - 1


def matroska(
    *,
    rate: float = 8_000,
    channels: int = 1,
    bits: int = 16,
    codec: bytes = b"A_PCM/INT/LIT",
    encodings: bytes = b"",
    private: bytes = b"",
    blocks: tuple[bytes, ...] = (bytes(16_000),),
    extra: bytes = b"",
) -> bytes:
    """A recording of PCM; `extra` follows its tracks."""
    audio = ebml(0xB5, struct.pack(">d", rate)) + ebml(0x9F, bytes([channels])) + ebml(0x6264, bytes([bits]))
    track = (
        ebml(0xD7, b"\1") + ebml(0x73C5, b"\1") + ebml(0x83, b"\2") + ebml(0x86, codec) + ebml(0xE1, audio)
    )
    track += encodings + (ebml(0x63A2, private) if private else b"")
    head = ebml(0x1A45DFA3, ebml(0x4282, b"matroska") + ebml(0x4287, b"\4") + ebml(0x4285, b"\2"))
    cluster = ebml(0xE7, b"\0") + b"".join(ebml(0xA3, b"\x81\0\0\x80" + block) for block in blocks)
    tracks = ebml(0x1654AE6B, ebml(0xAE, track))
    return head + ebml(0x18538067, tracks + extra + ebml(0x1F43B675, cluster), claimed=UNKNOWN_SIZE)


def ogg_page(packet: bytes, *, serial: int, number: int, flags: int, granule: int) -> bytes:
    """One packet shorter than 255 bytes in one page."""
    head = struct.pack("<4sBBqIII", b"OggS", 0, flags, granule, serial, number, 0)
    page = head + bytes([1, len(packet)]) + packet
    return page[:22] + struct.pack("<I", crc(page, bits=32, polynomial=0x04C11DB7)) + page[26:]


def crc(content: bytes, *, bits: int, polynomial: int) -> int:
    """Most significant bit first, from zero, as Ogg and FLAC have it."""
    table, mask, value = crc_table(bits, polynomial), 2**bits - 1, 0
    for byte in content:
        value = (value << 8 & mask) ^ table[value >> bits - 8 ^ byte]
    return value


@cache
def crc_table(bits: int, polynomial: int) -> list[int]:
    table = []
    for byte in range(256):
        value = byte << bits - 8
        for _ in range(8):
            value = (value << 1 ^ (polynomial if value >> bits - 1 else 0)) & 2**bits - 1
        table.append(value)
    return table


def silent_flac(*, hours: float, rate: int = 8_000, channels: int = 1, claimed_samples: int = 0) -> bytes:
    """Of 65,535 equal samples each frame: 15 bytes stand for 8 s of telephone sound."""
    packed = rate << 44 | channels - 1 << 41 | 15 << 36 | claimed_samples
    head = (
        b"fLaC\x80\0\0\x22"
        + struct.pack(">HH", 65_535, 65_535)
        + bytes(6)
        + packed.to_bytes(8, "big")
        + bytes(16)
    )
    frames = int(hours * 3600 * rate / 65_535)
    return head + b"".join(silent_frame(number, channels) for number in range(frames))


def silent_frame(number: int, channels: int) -> bytes:
    head = b"\xff\xf8\x70" + bytes([channels - 1 << 4 | 8]) + coded(number) + b"\xff\xfe"
    body = head + bytes([crc(head, bits=8, polynomial=0x07)]) + bytes(3 * channels)
    return body + struct.pack(">H", crc(body, bits=16, polynomial=0x8005))


def coded(number: int) -> bytes:
    """As UTF-8 would write it, were there no end to it."""
    return chr(number).encode("utf-8", "surrogatepass")


def id3(content: bytes, *, claimed: int | None = None) -> bytes:
    size = len(content) if claimed is None else claimed
    return b"ID3\3\0\0" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + content


def compressed_frame(name: bytes, content: bytes, *, claimed: int) -> bytes:
    """A frame of ID3v2.3 that is to be unpacked."""
    packed = struct.pack(">I", claimed) + zlib.compress(content)
    return name + struct.pack(">I", len(packed)) + b"\0\x80" + packed
