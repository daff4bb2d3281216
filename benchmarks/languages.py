"""Whether languages are read rightly from texts: sentences of treebanks, whose language is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import opencc
import typer

from benchmarks.conclusion import Benchmark
from benchmarks.marks import Mark
from workers.finishing.languages.identifying import identify

TREEBANKS: Final = {
    "yue_hk": "yue",
    "zh_hk": "zh",
    "zh_pud": "zh",
    "en_pud": "en",
    "de_pud": "de",
    "es_pud": "es",
}
"""Files `<name>-ud-test.conllu` of universaldependencies.org, 1,000 sentences each; those of Hong Kong are
mostly spoken: films and a council, in Cantonese and in Mandarin."""
CHINESE: Final = ("zh", "yue")
MARKS: Final = (Mark("wrong_percent", at_most=1.0), Mark("right_percent", at_least=70.0))
PACKAGES: Final = ("py3langid", "opencc", "numpy")

_simplified = opencc.OpenCC("t2s")


@dataclass(frozen=True, slots=True)
class Tally:
    """Sentences whose language was told rightly, told wrongly, and left open."""

    right: int
    wrong: int
    open: int

    @property
    def total(self) -> int:
        return self.right + self.wrong + self.open


def main(
    sentences: Annotated[Path, typer.Option(help="Folder with the treebanks' files.", exists=True)],
) -> None:
    benchmark = Benchmark("languages")
    tallies = {name: tally(code, texts) for name, code, texts in sets_in(sentences)}
    benchmark.conclude(figures_of(tallies), marks=MARKS, packages=PACKAGES)


def sets_in(folder: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Name, language and sentences; Chinese ones, which come in traditional characters, in both scripts."""
    for name, code in TREEBANKS.items():
        texts = list(texts_of(folder / f"{name}-ud-test.conllu"))
        yield name, code, texts
        if code in CHINESE:
            yield f"{name}_simplified", code, [_simplified.convert(text) for text in texts]


def texts_of(treebank: Path) -> Iterator[str]:
    mark = "# text = "
    for line in treebank.read_text(encoding="utf-8").splitlines():
        if line.startswith(mark):
            yield line.removeprefix(mark)


def tally(code: str, texts: Sequence[str]) -> Tally:
    found = [identify(text) for text in texts]
    told = [each.language for each in found if each is not None]
    right = sum(each == code for each in told)
    return Tally(right=right, wrong=len(told) - right, open=len(texts) - len(told))


def figures_of(tallies: dict[str, Tally]) -> dict[str, object]:
    """Shares in percent: of all sets together, then of each."""
    together = Tally(
        right=sum(each.right for each in tallies.values()),
        wrong=sum(each.wrong for each in tallies.values()),
        open=sum(each.open for each in tallies.values()),
    )
    figures: dict[str, object] = {"sentences": together.total, **_shares("", together)}
    for name, each in tallies.items():
        figures |= _shares(f"{name}_", each)
    return figures


def _shares(prefix: str, tally: Tally) -> dict[str, float]:
    return {
        f"{prefix}{name}_percent": round(100 * count / tally.total, 1)
        for name, count in (("right", tally.right), ("wrong", tally.wrong), ("open", tally.open))
    }


if __name__ == "__main__":
    typer.run(main)
