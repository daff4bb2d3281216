"""A checkpoint's network, on its device."""

from __future__ import annotations

from typing import TypeVar, cast

import torch
from safetensors import SafetensorError
from transformers import PreTrainedModel
from transformers.utils import logging as transformers_logging

from core.errors import CheckpointUnavailable
from workers.engines.checkpoints import Checkpoint

Network = TypeVar("Network", bound=PreTrainedModel)


def load_network(
    kind: type[Network], checkpoint: Checkpoint, *, dtype: torch.dtype, device: torch.device
) -> Network:
    """`CheckpointUnavailable` if the files are broken, incomplete, or of another kind of model."""
    transformers_logging.disable_progress_bar()
    try:
        loaded = kind.from_pretrained(
            checkpoint.path, dtype=dtype, local_files_only=True, output_loading_info=True
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise CheckpointUnavailable(f"The checkpoint of {checkpoint.model} cannot be loaded.") from error
    network, found = cast("tuple[Network, dict[str, object]]", loaded)
    if found["missing_keys"] or found["mismatched_keys"]:
        # transformers would go on with random numbers in their place.
        raise CheckpointUnavailable(f"The checkpoint of {checkpoint.model} lacks weights.")
    # transformers decorates `Module.to` in a way that hides its types.
    torch.nn.Module.to(network, device)
    return network
