from __future__ import annotations

import threading
from pathlib import Path

from workers.engines.growth import size_of, watched


class TestWatched:
    def test_tells_how_a_directory_grows(self, tmp_path: Path) -> None:
        reports: list[tuple[str, int, int]] = []
        seen = threading.Event()

        def report(step: str, done: int, total: int) -> None:
            reports.append((step, done, total))
            if done == 40:
                seen.set()

        with watched(tmp_path, "Downloading", 100, report):
            (tmp_path / "part").write_bytes(bytes(40))
            assert seen.wait(10)

        assert reports[0] == ("Downloading", 0, 100)
        assert ("Downloading", 40, 100) in reports
        assert reports[-1] == ("Downloading", 100, 100)

    def test_never_tells_more_than_all(self, tmp_path: Path) -> None:
        reports: list[int] = []
        seen = threading.Event()

        def report(step: str, done: int, total: int) -> None:
            reports.append(done)
            if done:
                seen.set()

        with watched(tmp_path, "Downloading", 10, report):
            (tmp_path / "part").write_bytes(bytes(40))
            assert seen.wait(10)

        assert max(reports) == 10


class TestSizeOf:
    def test_counts_files_at_any_depth(self, tmp_path: Path) -> None:
        (tmp_path / "deep" / "er").mkdir(parents=True)
        (tmp_path / "deep" / "er" / "a").write_bytes(bytes(3))
        (tmp_path / "b").write_bytes(bytes(4))

        assert size_of(tmp_path) == 7
