"""Whether a Chinese text is Mandarin or Cantonese, by the small words that only one of them has."""

from __future__ import annotations

import re
from typing import Final, Literal

Variety = Literal["zh", "yue"]

CANTONESE: Final = re.compile(
    r"[嘅咗喺唔冇佢哋嗰啲嘢咁噉嚟㗎嘞喎咩乜瞓諗谂攞揾搵啱嗌畀俾嘥嗮囖啩噃睇]|喇(?!叭)|(?<![關关聯联體体])係"
)
"""Written Cantonese has characters of its own for most of its particles; few changed with simplification.

係 became 系, which Mandarin has in words as 系统, and is of use in traditional characters only.
"""
MANDARIN: Final = re.compile(
    r"(?<!目)的(?![士確确])|[了這这他她們们嗎吗沒没您說说吧把很]|什[麼么]"
    r"|(?<![但於于總总若還还])是(?![否次])|不(?![過过如])|(?<![存現现實实])在"
)
"""What Cantonese says otherwise (嘅, 咗, 呢, 佢, 冇, 係, 唔, 喺), without what both have, as 但是."""


def variety_of(text: str) -> Variety | None:
    """The one with more of its own words; None where neither has."""
    lead = len(CANTONESE.findall(text)) - len(MANDARIN.findall(text))
    if lead == 0:
        return None
    return "yue" if lead > 0 else "zh"
