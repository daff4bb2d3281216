"""What docs/operations.md tells an administrator to type."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

PAGE: Final = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()

ACCOUNTS: Final = re.findall(r"^ACL SETUSER (.+)$", PAGE, re.MULTILINE)
"""User name, then rules."""
