"""Writes Chinese in the script that was asked for, and leaves all else as the engine wrote it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import opencc

from models.chinese_script import ChineseScript

HAN: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]+")
"""Runs of Chinese characters (Unicode: CJK Unified Ideographs, their extensions, and compatibility)."""
FOREIGN: Final = re.compile("[\u3040-\u30ff\uff66-\uff9f\uac00-\ud7af]")
"""Kana and Hangul: the Han beside them is Japanese or Korean, which have forms of their own."""
OTHER_HAN: Final = frozenset({"ja", "ko"})
"""Languages that write Han too."""
CANTONESE_IS: Final = re.compile("(?<![體体派學学語语星直關关聯联維维])系(?![統统列所數数]|主任)")
"""係, "to be", which is 系 in simplified characters.

OpenCC's dictionaries are of Mandarin, where it is rare: they leave it or make it 繫. What is a system, a
series or a relation keeps its own.
"""


def written(text: str, script: ChineseScript, *, language: str | None, call_language: str | None) -> str:
    """The text of a segment; `language` is its own, `call_language` decides between Hong Kong and Taiwan.

    It may come out longer or shorter.
    """
    if script is ChineseScript.AS_IS or language in OTHER_HAN or FOREIGN.search(text):
        return text
    if script is ChineseScript.HANS:
        return HAN.sub(lambda run: _converted(run[0], "t2s"), text)
    if call_language == "yue":
        return HAN.sub(lambda run: _converted(CANTONESE_IS.sub("係", run[0]), "s2hk"), text)
    return HAN.sub(lambda run: _converted(run[0], "s2tw"), text)


def _converted(text: str, configuration: str) -> str:
    return str(_converter(configuration).convert(text))


@lru_cache(maxsize=4)
def _converter(configuration: str) -> opencc.OpenCC:
    """Its dictionaries, read once per process. Only characters are changed, no words of a region."""
    return opencc.OpenCC(configuration)
