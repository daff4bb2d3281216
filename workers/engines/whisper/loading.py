"""A Whisper checkpoint, loaded."""

from __future__ import annotations

import torch
from transformers import WhisperForConditionalGeneration, WhisperProcessor

from workers.engines import device as devices
from workers.engines.base import EngineIdentity
from workers.engines.batching import Budget
from workers.engines.checkpoints import Checkpoint
from workers.engines.log_mel import LogMel
from workers.engines.settings import EngineSettings
from workers.engines.weights import load_network
from workers.engines.whisper.decoder import Decoder
from workers.engines.whisper.encoder import Encoder
from workers.engines.whisper.engine import WhisperEngine
from workers.engines.whisper.network import Network
from workers.engines.whisper.prompt import WhisperPrompt


def load(settings: EngineSettings, checkpoint: Checkpoint) -> WhisperEngine:
    """`CheckpointUnavailable` if the files are not a Whisper checkpoint, `DeviceUnavailable` for a GPU
    that is not there."""
    devices.use_threads(settings)
    device = devices.chosen_device(settings)
    devices.require(device)
    dtype = devices.chosen_dtype(settings, device)
    loaded = load_network(WhisperForConditionalGeneration, checkpoint, dtype=dtype, device=device)
    processor = WhisperProcessor.from_pretrained(checkpoint.path, local_files_only=True)
    rows = devices.affordable_rows(device, row_bytes(loaded))
    identity = EngineIdentity(
        model=checkpoint.model,
        version=devices.version_with(checkpoint),
        device=devices.name_of(device),
        dtype=devices.name_of_dtype(dtype),
    )
    prompt = WhisperPrompt.of(loaded.generation_config, processor.tokenizer, settings.whisper_hints)
    return WhisperEngine(
        network_of(loaded, processor),
        processor.tokenizer,
        prompt,
        budget=Budget.of(settings, rows=rows, passes=devices.passes(device)),
        identity=identity,
    )


def network_of(loaded: WhisperForConditionalGeneration, processor: WhisperProcessor) -> Network:
    """Our own network on the same weights."""
    with torch.inference_mode():
        return Network(
            log_mel=LogMel(processor.feature_extractor.mel_filters, loaded.device),
            encoder=Encoder(loaded.model.encoder),
            decoder=Decoder(loaded.model.decoder, loaded.proj_out, loaded.config),
            config=loaded.config,
        )


def row_bytes(network: WhisperForConditionalGeneration) -> int:
    """Device memory that one more chunk in a batch takes at most."""
    config = network.config
    frames = config.max_source_positions
    cache = 2 * config.decoder_layers * config.d_model * (frames + config.max_target_positions)
    # One encoder layer's states and feed-forward at a time; before the second convolution twice the frames.
    encoder = 2 * frames * (4 * config.d_model + config.encoder_ffn_dim)
    # Half precision from the projection, float32 for the likelihoods.
    scores = 4 * config.vocab_size
    return (cache + encoder + scores) * network.dtype.itemsize
