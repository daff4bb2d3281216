from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cli.bulk.display import Display, facts_of
from cli.bulk.plan import Piece
from client import Batch
from tests.unit.cli.bulk.far_side import FarSide, Life
from tests.unit.client.batch_answers import batch


@pytest.fixture(autouse=True)
def able_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")


def drawn(pieces: list[Piece], sent: list[tuple[int, int]]) -> str:
    """The last state of the upper bar after so many bytes of each piece were told of."""
    shown = io.StringIO()
    console = Console(file=shown, width=80, force_terminal=True, color_system=None)
    with Life(FarSide()).client() as client, Display(console, client) as display:
        display.begin(pieces, total=len(pieces) + 1)
        for number, count in sent:
            display.on_sent(pieces[number], count)
        display.on_uploaded()
    lines = re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.getvalue()))
    return [line for line in lines if line.startswith("sending")][-1]


class TestSending:
    def test_counts_bytes_of_all_and_files_that_were_sent_before(self) -> None:
        shown = drawn([Piece("a"), Piece("b")], [(0, 10), (1, 5), (0, 20)])

        assert "2/3 files · 25 bytes/" in shown

    def test_begins_a_file_anew_that_is_sent_again(self) -> None:
        assert "7 bytes/" in drawn([Piece("a")], [(0, 10), (0, 20), (0, 7)])


class TestFacts:
    @given(st.integers(0, 10**6), st.floats(0, 10**8), st.floats(0, 10**4), st.integers(0, 10**6))
    def test_fit_beside_the_bar(self, count: int, seconds: float, rtfx: float, eta: int) -> None:
        counts = {"total": count, "completed": count}
        audio = {"known": seconds, "completed": seconds}
        seen = batch(request_counts=counts, audio_seconds=audio, rtfx=rtfx, eta_seconds=eta)

        assert len(" · ".join(facts_of(Batch.model_validate(seen)))) <= 72

    def test_say_nothing_of_what_is_not_known(self) -> None:
        seen = Batch.model_validate(batch(rtfx=None, eta_seconds=None))

        assert facts_of(seen) == ["2/2 calls", "0.0/0.0 h"]
