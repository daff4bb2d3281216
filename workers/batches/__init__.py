"""Batches: their items are read, and made jobs, a page at a time."""
