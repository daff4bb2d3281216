"""GLM-ASR, through transformers' own `generate`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Final

import torch
from transformers import GlmAsrForConditionalGeneration, GlmAsrProcessor, PreTrainedModel

from workers.engines import device as devices
from workers.engines import precision, probe
from workers.engines.base import Beat, Chunk, EngineIdentity, Hypothesis, no_beat
from workers.engines.batching import Budget, listen_in_passes
from workers.engines.checkpoints import Checkpoint
from workers.engines.decoding import Decoded, Ending, NonFinite, decode
from workers.engines.faults import device_faults
from workers.engines.settings import EngineSettings
from workers.engines.weights import load_network

logger = logging.getLogger(__name__)

TOKENS_PER_SECOND: Final = 15
"""Three times what people say; the model is known to repeat itself."""
SPARE_TOKENS: Final = 16
MOST_TOKENS: Final = 448
PROMPT_TOKENS: Final = 400
"""375 for thirty seconds of audio, and the instruction."""


def load(settings: EngineSettings, checkpoint: Checkpoint) -> GlmAsrEngine:
    """`CheckpointUnavailable` if the files are not a GLM-ASR checkpoint."""
    devices.use_threads(settings)
    loader = Loader(checkpoint, devices.chosen_device(settings))
    wanted = devices.chosen_dtype(settings, loader.device)
    network = precision.settle(loader.network, partial(log_probabilities, loader.processor), wanted)
    rows = devices.affordable_rows(loader.device, row_bytes(network))
    budget = Budget.of(settings, rows=rows, passes=devices.passes(loader.device))
    return GlmAsrEngine(loader, network, budget)


class Loader:
    """A checkpoint that may have to be loaded more than once, in another precision."""

    def __init__(self, checkpoint: Checkpoint, device: torch.device) -> None:
        self.checkpoint = checkpoint
        self.device = device
        self.processor = GlmAsrProcessor.from_pretrained(checkpoint.path, local_files_only=True)

    def network(self, dtype: torch.dtype) -> PreTrainedModel:
        return load_network(GlmAsrForConditionalGeneration, self.checkpoint, dtype=dtype, device=self.device)


def row_bytes(network: PreTrainedModel) -> int:
    """Device memory that one more chunk in a batch takes at most."""
    text, audio = network.config.text_config, network.config.audio_config
    positions = PROMPT_TOKENS + MOST_TOKENS
    cache = 2 * text.num_hidden_layers * text.num_key_value_heads * text.head_dim * positions
    # A layer at a time: stock attention repeats keys and values for each query head when it has a mask.
    repeated = 2 * text.num_attention_heads * text.head_dim * positions
    prefill = positions * (4 * text.hidden_size + 2 * text.intermediate_size)
    encoder = 2 * audio.max_position_embeddings * (6 * audio.hidden_size + audio.intermediate_size)
    numbers: int = cache + repeated + max(prefill, encoder) + 8 * text.vocab_size
    return numbers * network.dtype.itemsize


def log_probabilities(processor: GlmAsrProcessor, network: PreTrainedModel) -> torch.Tensor:
    """What the network thinks of the built-in clip's text, token by token."""
    inputs = processor.apply_transcription_request([probe.speech()]).to(network.device, dtype=network.dtype)
    text = processor.tokenizer(probe.TEXT, add_special_tokens=False, return_tensors="pt")
    inputs["input_ids"] = torch.cat([inputs["input_ids"], text["input_ids"].to(network.device)], dim=1)
    inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
    with torch.inference_mode():
        scores: torch.Tensor = network(**inputs).logits[0, -text["input_ids"].shape[1] - 1 : -1]
    return scores.float().log_softmax(dim=-1).cpu()


class GlmAsrEngine:
    """One GLM-ASR checkpoint on one device."""

    def __init__(self, loader: Loader, network: PreTrainedModel, budget: Budget) -> None:
        self._loader = loader
        self._network = network
        self._budget = budget
        self._eos = _eos_of(network)
        self._processor = loader.processor
        # The audio placeholder is called <|pad|>: whatever pads the prompts, it must not be that.
        self._processor.tokenizer.pad_token_id = self._eos[0]

    @property
    def identity(self) -> EngineIdentity:
        """Its dtype may change, once: see `recognize`."""
        return EngineIdentity(
            model=self._loader.checkpoint.model,
            version=devices.version_with(self._loader.checkpoint),
            device=devices.name_of(self._loader.device),
            dtype=devices.name_of_dtype(self._network.dtype),
        )

    @property
    def max_batch_seconds(self) -> float:
        return self._budget.seconds

    @property
    def max_batch_chunks(self) -> int:
        return self._budget.chunks

    def recognize(self, chunks: Sequence[Chunk], *, beat: Beat = no_beat) -> list[Hypothesis]:
        """Audio that overflows float16, although the built-in clip did not, moves the engine to bfloat16."""
        self._budget.refuse_oversize(chunks)
        listen = partial(self._listen, beat=beat)
        try:
            return listen_in_passes(chunks, listen, rows=self._budget.rows)
        except NonFinite:
            if self._network.dtype is not torch.float16:
                raise
        logger.warning("float16 overflowed, using bfloat16 from now on")
        self._network = self._loader.network(torch.bfloat16)
        return listen_in_passes(chunks, listen, rows=self._budget.rows)

    def close(self) -> None:
        del self._network
        devices.free_memory()

    def _listen(self, chunks: Sequence[Chunk], *, beat: Beat) -> list[Hypothesis]:
        with torch.inference_mode(), device_faults():
            # Each chunk is one prompt with one window of 30 s: neighbours and length change nothing in it.
            request = self._processor.apply_transcription_request([chunk.samples for chunk in chunks])
            beat()
            decoded = decode(
                self._network,
                request.to(self._network.device, dtype=self._network.dtype),
                prompt_length=request["input_ids"].shape[1],
                ending=Ending(eos=self._eos, caps=tuple(_cap(chunk) for chunk in chunks)),
                config={},
                beat=beat,
            )
        return [self._hypothesis(row) for row in decoded]

    def _hypothesis(self, decoded: Decoded) -> Hypothesis:
        """The model cannot be told a language and does not say which it heard."""
        # Not the processor's own way to decode: that one strips a full stop at the end.
        text = self._processor.tokenizer.decode(decoded.tokens, skip_special_tokens=True)
        return Hypothesis(
            text=text.strip().rstrip("\ufffd"),
            token_logprobs=decoded.logprobs,
            finish_reason=decoded.finish_reason,
        )


def _cap(chunk: Chunk) -> int:
    return min(MOST_TOKENS, int(chunk.seconds * TOKENS_PER_SECOND) + SPARE_TOKENS)


def _eos_of(network: PreTrainedModel) -> tuple[int, ...]:
    """The checkpoint ends its turn with any of several tokens."""
    listed = network.generation_config.eos_token_id or network.config.text_config.eos_token_id
    return tuple(listed) if isinstance(listed, list) else (listed,)
