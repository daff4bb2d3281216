"""Who speaks on which channel, as it is written on the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

from core.errors import InvalidRequest

SIDES: Final = {"left": "0", "right": "1"}
"""Of a stereo recording."""


def read_roles(text: str) -> str | Mapping[str, str]:
    """`agent,customer` in the order of the channels, `left=agent,right=customer`, `1=customer`, or JSON."""
    if text.lstrip().startswith("{"):
        return _object(text)
    if "=" not in text:
        return text
    pairs = [part.partition("=") for part in text.split(",")]
    roles = {SIDES.get(channel.strip(), channel.strip()): role.strip() for channel, _, role in pairs}
    if len(roles) < len(pairs) or not all(re.fullmatch("[0-9]{1,2}", channel) for channel in roles):
        raise InvalidRequest(f"{text!r} does not say who speaks where, as left=agent,right=customer does.")
    return roles


def _object(text: str) -> Mapping[str, str]:
    try:
        roles = json.loads(text)
    except ValueError as error:
        raise InvalidRequest(f"{text!r} is not valid JSON.") from error
    return {str(channel): str(role) for channel, role in roles.items()}
