"""The GPU's queue: claim a device batch, let the engine hear it, commit what it heard."""
