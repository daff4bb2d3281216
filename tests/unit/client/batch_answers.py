"""Batches and their items as the API answers them."""

from __future__ import annotations

from typing import Final

BATCH_ID: Final = "4c1f6c1e-7d3c-4a63-8d5e-1f0f2f9c7a11"


def batch(**changes: object) -> dict[str, object]:
    return {
        "id": BATCH_ID,
        "object": "batch",
        "name": None,
        "status": "running",
        "metadata": {},
        "created_at": "2026-11-22T12:00:00Z",
        "closed_at": None,
        "completed_at": None,
        "request_counts": {"total": 2, "completed": 2},
        "progress": 0.5,
        "audio_seconds": {"known": 120.0, "completed": 60.0},
        "rtfx": 52.0,
        "eta_seconds": 30,
        "error": None,
        "links": {},
    } | changes


def item(number: int, **changes: object) -> dict[str, object]:
    return {
        "number": number,
        "custom_id": f"call-{number}",
        "status": "completed",
        "job_id": None,
        "filename": None,
        "metadata": {},
        "error": None,
    } | changes
