from __future__ import annotations

from benchmarks.submit import Rush, figures_of


class TestFigures:
    def test_are_over_all_requests_of_all_rounds(self) -> None:
        own = [Rush(waits_s=[0.1] * 50, seconds=1.0), Rush(waits_s=[0.1] * 49 + [9.0], seconds=4.0)]
        plain = [Rush(waits_s=[0.05] * 100, seconds=1.0)]

        figures = figures_of(own, plain)

        assert (figures["ours_recordings"], figures["plain_recordings"]) == (100, 100)
        assert (figures["ours_p50_ms"], figures["plain_p50_ms"]) == (100, 50)
        assert figures["ours_submits_per_s"] == 20
        assert (figures["ours_p99_ms"], figures["p99_ratio"]) == (189, 3.78)
