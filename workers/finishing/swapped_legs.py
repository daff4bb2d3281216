"""Whether the agent is likely on another channel than the one that was said to be the agent's, by the words.

The sound of one call does not tell; what only agents say does. A role is never changed for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

import opencc

from models.channel_finding import ChannelFinding, FindingCode, Severity

AGENT: Final = "agent"
LEAST_LINES: Final = 2
"""One may be a quotation, or the engine's own: a greeting is what it invents first."""

ENGLISH: Final = (
    r"thank(s| you) for (calling|contacting|holding|waiting|your patience)",
    r"(how|what) (can|may|could) i (help|assist|do for) you",
    r"thing else (that )?i (can|could|may) (help|assist|do for)",
    r"(last|first) (four|4|three|3|two|2) (digits|numbers|letters) of your",
    r"(verify|confirm) your (identity|account|date of birth|address|details)",
    r"for (security|verification|quality|training) (reasons|purposes)",
    r"(calls?|line) (is|are|may be|will be|is being) recorded",
    r"(check|look up|pull up|open|access) your (account|order|file|details|booking)",
    r"apologi[sz]e for (the|any|this) inconvenience",
    r"(support|service|care|sales|billing|department|desk) my name is",
)
"""Of a text in lower case, whose words are set apart by single spaces. One for each thing that is said."""
CHINESE: Final = (
    r"(感谢|谢谢|多谢)[您你]?[的嘅]?(来电|致电|耐心|等候|等待)",
    r"高兴(能)?为[您你]服务",
    r"(什么|咩|乜嘢?)(可以|能够?|需要)?(帮|帮到|帮助|协助)[您你]|(可以|能)帮(到)?[您你](什么|咩)",
    r"(还有|仲有)(什么|其他|别的|咩).{0,6}(帮|需要)",
    r"[为帮][您你](查|办理|核实|登记|处理|转接|解答|申请|提交|反馈)",
    r"请[您你]?(提供|报|核对|告诉我|说)(一下)?[您你]",
    r"工号",
    r"给[您你](带来|造成).{0,3}不便",
    r"请[您你]?对.{0,6}(评价|打分)|祝[您你]?(生活|工作)愉快",
    r"请[您你]?(稍等|耐心)",
)
"""Of simplified characters without punctuation and space; Mandarin, with Cantonese where it differs."""
LINES: Final = [re.compile(line) for line in (*ENGLISH, *CHINESE)]
APOSTROPHES: Final = re.compile("['’]")
BETWEEN_WORDS: Final = re.compile(r"[\W_]+")
BETWEEN_HAN: Final = re.compile("(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")
_simplified = opencc.OpenCC("t2s")


def find_swapped_legs(
    roles: Mapping[int, str | None], said: Mapping[int, Iterable[str]]
) -> dict[int, ChannelFinding]:
    """By channel, told on both; empty where nothing speaks for it.

    `said` has the texts of each channel. Judged is a call of two parties, one of which is the `agent`: there
    are two different lines of agents on the other channel at least, and none on the agent's own.
    """
    agents = [channel for channel, role in roles.items() if role == AGENT]
    others = [channel for channel, role in roles.items() if role not in (AGENT, None)]
    if len(agents) != 1 or len(others) != 1 or len(roles) != 2:
        return {}
    (agent,), (other,) = agents, others
    own, elsewhere = agent_lines(said.get(agent, ())), agent_lines(said.get(other, ()))
    if own or elsewhere < LEAST_LINES:
        return {}
    message = f"What agents say is said on channel {other} and not on channel {agent}, which has their role."
    found: ChannelFinding = {
        "code": FindingCode.SWAPPED_LEGS.value,
        "severity": Severity.WARNING.value,
        "message": message,
        "measures": {"agent_lines": float(own), "other_lines": float(elsewhere)},
    }
    return {agent: found, other: found}


def agent_lines(texts: Iterable[str]) -> int:
    """How many different things that only agents say are said in them."""
    text = _plain(" ".join(texts))
    return sum(line.search(text) is not None for line in LINES)


def _plain(text: str) -> str:
    """Lower case, simplified, single spaces between words and none between Chinese characters."""
    words = BETWEEN_WORDS.sub(" ", APOSTROPHES.sub("", _simplified.convert(text).lower()))
    return BETWEEN_HAN.sub("", words)
