from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from tests.setting_rows import every_setting

PAGE: Final = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()


class TestPage:
    def test_lists_every_setting_as_the_code_has_it(self) -> None:
        """Failing, it shows the rows that the table must have."""
        rows = re.findall(r"^\| `CALLSCRIBE_\w+` \| .*$", PAGE.split("\n## Settings\n")[1], re.MULTILINE)

        assert rows == [setting.row for setting in every_setting()]

    def test_every_setting_says_what_it_is(self) -> None:
        assert [setting.name for setting in every_setting() if not setting.meaning] == []

    def test_names_no_setting_that_there_is_not(self) -> None:
        known = {setting.name for setting in every_setting()}

        assert set(re.findall(r"\bCALLSCRIBE_\w+(?![\w*])", PAGE)) - known <= {"CALLSCRIBE_STORAGE__"}
