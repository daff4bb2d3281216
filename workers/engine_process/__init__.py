"""The engine in a process of its own, which decodes and does nothing else whatever its worker does."""
