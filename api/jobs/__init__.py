"""Recordings to transcribe, and where they stand."""
