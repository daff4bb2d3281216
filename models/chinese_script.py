"""In which characters Chinese is to be written."""

from __future__ import annotations

from enum import StrEnum


class ChineseScript(StrEnum):
    AS_IS = "as_is"
    """As the engine wrote it, which may change from chunk to chunk."""
    HANS = "hans"
    """Simplified, as on the mainland and in Singapore (ISO 15924 `Hans`)."""
    HANT = "hant"
    """Traditional, as in Taiwan, Hong Kong and Macau (ISO 15924 `Hant`)."""
