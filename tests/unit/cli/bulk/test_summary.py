from __future__ import annotations

import io

from rich.console import Console

from cli.bulk.summary import SHOWN, print_troubles


def printed(count: int) -> list[str]:
    shown = io.StringIO()
    troubles = {f"[red]{number}": "\x1b[2J It is empty." for number in range(count)}
    print_troubles(Console(file=shown, width=20), troubles, more="callscribe batch errors ID")
    return shown.getvalue().splitlines()


class TestTroubles:
    def test_are_told_one_by_one_in_plain_text(self) -> None:
        assert printed(1) == ["[red]0:  [2J It is empty."]

    def test_are_counted_where_there_are_many(self) -> None:
        assert printed(SHOWN + 7)[-1] == "… and 7 more. callscribe batch errors ID"
        assert len(printed(SHOWN + 7)) == SHOWN + 1

    def test_that_there_are_not_say_nothing(self) -> None:
        assert printed(0) == []
