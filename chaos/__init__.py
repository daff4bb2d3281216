"""Breaks a whole running system on purpose, by seed, and counts what it promised and did not keep."""
