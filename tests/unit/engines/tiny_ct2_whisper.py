"""A random Whisper of a few thousand numbers, and the same in CTranslate2's format."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from tokenizers import Tokenizer, models
from transformers import WhisperConfig, WhisperForConditionalGeneration
from transformers.models.whisper.tokenization_whisper import LANGUAGES

SPECIALS = (
    "<|endoftext|>",
    "<|startoftranscript|>",
    *(f"<|{code}|>" for code in LANGUAGES if code != "yue"),
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
)
END = 50_257
"""Where the special tokens of the multilingual vocabulary begin."""
DTYPES = {np.dtype(np.float32): 0, np.dtype(np.int8): 1, np.dtype(np.int16): 2, np.dtype(np.float16): 4}


def network() -> WhisperForConditionalGeneration:
    torch.manual_seed(11)
    config = WhisperConfig(
        vocab_size=51_865,
        num_mel_bins=80,
        d_model=64,
        encoder_layers=2,
        decoder_layers=1,
        encoder_attention_heads=1,
        decoder_attention_heads=1,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        init_std=0.2,
    )
    network = WhisperForConditionalGeneration(config)
    torch.nn.Module.to(network, torch.float16)
    return network


def write(network: WhisperForConditionalGeneration, directory: Path) -> None:
    """model.bin, config.json and tokenizer.json as faster-whisper lays them out."""
    directory.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    with (directory / "model.bin").open("wb") as file:
        _write_model(file, _stacked(state, heads=network.config.encoder_attention_heads))
    settings = {"suppress_ids": [1, 2], "suppress_ids_begin": [220, END], "alignment_heads": [[0, 0]]}
    (directory / "config.json").write_text(json.dumps(settings))
    _tokenizer().save(str(directory / "tokenizer.json"))


def _tokenizer() -> Tokenizer:
    vocabulary = {f"w{number}": number for number in range(END)}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.add_special_tokens(list(SPECIALS))
    return tokenizer


def _stacked(state: dict[str, np.ndarray], *, heads: int) -> dict[str, np.ndarray]:
    found = {"encoder/num_heads": np.array(heads, np.int16)}
    for name, tensor in state.items():
        if name != "proj_out.weight" and ".self_attn." not in name and ".encoder_attn." not in name:
            found[_old_name(name)] = tensor
    for side, depth in (("encoder", 2), ("decoder", 1)):
        for layer in range(depth):
            new, old = f"model.{side}.layers.{layer}", f"{side}/layer_{layer}"
            found |= _attention(state, f"{new}.self_attn", f"{old}/self_attention", ("qkv",))
            if side == "decoder":
                found |= _attention(state, f"{new}.encoder_attn", f"{old}/attention", ("q", "kv"))
    return found


def _attention(
    state: dict[str, np.ndarray], new: str, old: str, groups: tuple[str, ...]
) -> dict[str, np.ndarray]:
    found = {}
    for number, group in enumerate(groups):
        weights = [state[f"{new}.{kind}_proj.weight"] for kind in group]
        biases = [state.get(f"{new}.{kind}_proj.bias", np.zeros(64, np.float16)) for kind in group]
        found[f"{old}/linear_{number}/weight"] = np.concatenate(weights)
        found[f"{old}/linear_{number}/bias"] = np.concatenate(biases)
    found[f"{old}/linear_{len(groups)}/weight"] = state[f"{new}.out_proj.weight"]
    found[f"{old}/linear_{len(groups)}/bias"] = state[f"{new}.out_proj.bias"]
    return found


def _old_name(name: str) -> str:
    """transformers' name to CTranslate2's, attention aside."""
    changes = {
        "model.": "",
        "layers.": "layer_",
        "embed_positions.weight": "position_encodings/encodings",
        "embed_tokens": "embeddings",
        "self_attn_layer_norm": "self_attention/layer_norm",
        "encoder_attn_layer_norm": "attention/layer_norm",
        "final_layer_norm": "ffn/layer_norm",
        "fc1": "ffn/linear_0",
        "fc2": "ffn/linear_1",
        ".": "/",
    }
    norm = "layer_norm" in name
    for new, old in changes.items():
        name = name.replace(new, old)
    if norm:
        name = name.replace("/weight", "/gamma").replace("/bias", "/beta")
    return name


def _write_model(file: BinaryIO, tensors: dict[str, np.ndarray]) -> None:
    aliases = {"decoder/projection/weight": "decoder/embeddings/weight"}
    file.write(struct.pack("<I", 6) + _text("WhisperSpec") + struct.pack("<II", 3, len(tensors)))
    for name, tensor in tensors.items():
        file.write(
            _text(name) + struct.pack("<B", tensor.ndim) + struct.pack(f"<{tensor.ndim}I", *tensor.shape)
        )
        file.write(struct.pack("<BI", DTYPES[tensor.dtype], tensor.nbytes) + tensor.tobytes())
    file.write(struct.pack("<I", len(aliases)))
    for alias, name in aliases.items():
        file.write(_text(alias) + _text(name))


def _text(value: str) -> bytes:
    return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"
