from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from client.lines import lines_of

TEXT = st.text(st.sampled_from("a通\u2028\x85\r\n"), max_size=30)


class TestLines:
    @given(TEXT, st.lists(st.integers(0, 60)))
    def test_are_the_same_wherever_the_pieces_are_cut(self, text: str, cuts: list[int]) -> None:
        content = text.encode()
        places = sorted({0, len(content), *[cut for cut in cuts if cut < len(content)]})
        pieces = [content[begin:end] for begin, end in pairwise(places)]

        assert list(lines_of(pieces)) == [line for line in content.split(b"\n") if line]

    def test_are_told_before_the_next_piece_is_wanted(self) -> None:
        pieces = iter([b"one\ntwo", b"\n"])

        assert next(lines_of(pieces)) == b"one"
        assert next(pieces) == b"\n"
