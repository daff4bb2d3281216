"""OpenAI's Whisper family: transformers' weights and tokenizer, a lean network and decode loop of our own."""

from workers.engines.whisper.loading import load

__all__ = ["load"]
