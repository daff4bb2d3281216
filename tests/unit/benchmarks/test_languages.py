from __future__ import annotations

from pathlib import Path

from benchmarks.languages import TREEBANKS, Tally, figures_of, sets_in, tally, texts_of

TREEBANK = "# sent_id = 1\n# text = 你喺度搵乜嘢呀，我哋？\n1\t你\t_\n\n# text = ab c\n"


class TestSentences:
    def test_are_the_texts_of_a_treebank(self, tmp_path: Path) -> None:
        (tmp_path / "yue.conllu").write_text(TREEBANK, encoding="utf-8")

        assert list(texts_of(tmp_path / "yue.conllu")) == ["你喺度搵乜嘢呀，我哋？", "ab c"]

    def test_chinese_ones_come_in_both_scripts(self, tmp_path: Path) -> None:
        for name in TREEBANKS:
            (tmp_path / f"{name}-ud-test.conllu").write_text("# text = 請問\n", encoding="utf-8")

        names = {name: texts for name, _, texts in sets_in(tmp_path)}

        assert (names["zh_hk"], names["zh_hk_simplified"]) == (["請問"], ["请问"])
        assert "en_pud_simplified" not in names


class TestTally:
    def test_counts_what_is_told_and_what_is_left_open(self) -> None:
        english = "Thank you for calling, how can I help you today?"

        assert tally("en", [english, "Yes.", english]) == Tally(right=2, wrong=0, open=1)
        assert tally("de", [english]) == Tally(right=0, wrong=1, open=0)

    def test_of_all_sets_is_told_first(self) -> None:
        figures = figures_of({"en": Tally(8, 0, 0), "de": Tally(0, 1, 1)})

        assert (figures["sentences"], figures["right_percent"], figures["wrong_percent"]) == (10, 80.0, 10.0)
        assert figures["de_open_percent"] == 50.0
