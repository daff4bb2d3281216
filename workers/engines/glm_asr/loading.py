"""An engine out of a checkpoint, sized for its device and checked in its precision."""

from __future__ import annotations

import logging
from functools import partial

import torch
from transformers import GlmAsrForConditionalGeneration, GlmAsrProcessor, PreTrainedModel

from workers.engines import device as devices
from workers.engines import precision, probe
from workers.engines.base import EngineIdentity
from workers.engines.batching import Budget
from workers.engines.checkpoints import Checkpoint
from workers.engines.decoding import Decoded
from workers.engines.glm_asr.doubts import Doubts
from workers.engines.glm_asr.engine import GlmAsrEngine
from workers.engines.glm_asr.prompt import Prompt, refuse_context
from workers.engines.glm_asr.runner import Runner
from workers.engines.glm_asr.sizing import MOST_TOKENS, Needs, Plan, free_bytes
from workers.engines.glm_asr.slots import Rules
from workers.engines.log_mel import LogMel
from workers.engines.settings import EngineSettings
from workers.engines.weights import load_network

logger = logging.getLogger(__name__)


def load(settings: EngineSettings, checkpoint: Checkpoint) -> GlmAsrEngine:
    """`CheckpointUnavailable` if the files are not a GLM-ASR checkpoint, `UnsupportedOption` for
    context words that it would not heed, `DeviceUnavailable` for a GPU that is not there."""
    refuse_context(checkpoint.model, settings.glm_context_words)
    devices.use_threads(settings)
    device = devices.chosen_device(settings)
    devices.require(device)
    loader = Loader(checkpoint, device)
    network = precision.settle(
        loader.network, partial(log_probabilities, loader.processor), wanted_dtype(settings, loader.device)
    )
    plan = loader.plan(network, most=settings.max_batch_chunks)
    runner = loader.runner(network, plan)
    return GlmAsrEngine(
        runner,
        plan=plan,
        budget=Budget.of(settings, rows=plan.batch_chunks),
        identity=EngineIdentity(
            model=checkpoint.model,
            version=devices.version_with(checkpoint),
            device=devices.name_of(loader.device),
            dtype=devices.name_of_dtype(runner.dtype),
        ),
        start=lambda dtype: loader.runner(loader.network(dtype), plan),
        read=loader.read,
        doubt=Doubts(loader.read),
    )


def wanted_dtype(settings: EngineSettings, device: torch.device) -> torch.dtype:
    """float16 on GPUs, float32 on CPUs, unless the settings say otherwise."""
    if settings.dtype == "auto" and device.type == "cpu":
        return torch.float32
    return devices.chosen_dtype(settings, device)


class Loader:
    """A checkpoint that may have to be loaded more than once, in another precision."""

    def __init__(self, checkpoint: Checkpoint, device: torch.device) -> None:
        self.checkpoint = checkpoint
        self.device = device
        self.processor = GlmAsrProcessor.from_pretrained(checkpoint.path, local_files_only=True)
        self._prompt = Prompt.of(self.processor)
        self._log_mel = LogMel(self.processor.feature_extractor.mel_filters, device)

    def network(self, dtype: torch.dtype) -> GlmAsrForConditionalGeneration:
        return load_network(GlmAsrForConditionalGeneration, self.checkpoint, dtype=dtype, device=self.device)

    def plan(self, network: GlmAsrForConditionalGeneration, *, most: int | None) -> Plan:
        needs = Needs.of(network.config, self._prompt, network.dtype)
        free = free_bytes(self.device)
        plan = Plan.of(self.device, needs, free_bytes=free, most=most)
        logger.info(
            "engine sized",
            extra={
                "free_gib": round(free / 1024**3, 1),
                "slots": plan.slots,
                "slot_mib": round(needs.slot / 1024**2, 1),
                "windows": plan.windows,
                "window_mib": round(needs.window / 1024**2, 1),
                "graphs_of_slots": plan.slot_buckets,
                "graphs_of_windows": plan.window_buckets,
            },
        )
        return plan

    def runner(self, network: GlmAsrForConditionalGeneration, plan: Plan) -> Runner:
        rules = Rules(eos=eos_of(network), most_tokens=MOST_TOKENS)
        return Runner(network, self._log_mel, self._prompt, plan=plan, rules=rules)

    def read(self, decoded: Decoded) -> str:
        # Not the processor's own way to decode: that one strips a full stop at the end.
        text: str = self.processor.tokenizer.decode(decoded.tokens, skip_special_tokens=True)
        # A cap can fall inside a letter.
        return text.strip().rstrip("\ufffd")


def log_probabilities(processor: GlmAsrProcessor, network: PreTrainedModel) -> torch.Tensor:
    """What the network thinks of the built-in clip's text, token by token."""
    inputs = processor.apply_transcription_request([probe.speech()]).to(network.device, dtype=network.dtype)
    text = processor.tokenizer(probe.TEXT, add_special_tokens=False, return_tensors="pt")
    inputs["input_ids"] = torch.cat([inputs["input_ids"], text["input_ids"].to(network.device)], dim=1)
    inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
    with torch.inference_mode():
        scores: torch.Tensor = network(**inputs).logits[0, -text["input_ids"].shape[1] - 1 : -1]
    return scores.float().log_softmax(dim=-1).cpu()


def eos_of(network: PreTrainedModel) -> tuple[int, ...]:
    """The checkpoint ends its turn with any of several tokens."""
    listed = network.generation_config.eos_token_id or network.config.text_config.eos_token_id
    return tuple(listed) if isinstance(listed, list) else (listed,)
