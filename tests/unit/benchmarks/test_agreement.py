"""How far measured metrics are from the true ones."""

from __future__ import annotations

import pytest

from benchmarks.agreement import Agreement
from tests.unit.finishing.metrics.conversations import Edges, measured

AGENT: Edges = [(0, 9_000), (21_000, 30_000)]
CUSTOMER: Edges = [(4_000, 4_500), (8_000, 10_000)]


def figures(agent: Edges, customer: Edges) -> dict[str, object]:
    agreement = Agreement()
    agreement.add(measured(AGENT, CUSTOMER), measured(agent, customer))
    return agreement.figures()


class TestAgreement:
    def test_of_a_call_with_itself_is_perfect(self) -> None:
        found = figures(AGENT, CUSTOMER)

        assert {name: figure for name, figure in found.items() if "error" in name and figure} == {}
        for name in ("turns", "interruptions", "backchannels", "dead_air"):
            assert (found[f"{name}_precision"], found[f"{name}_recall"]) == (1.0, 1.0)

    def test_errors_are_held_against_the_truth(self) -> None:
        found = figures([(0, 9_000), (21_000, 30_100)], [(4_000, 4_500), (7_700, 10_000)])

        assert found["overlap_error_percent"] == 20.0
        assert found["turn_boundary_error_p95_ms"] == pytest.approx(250)
        assert found["talk_error_percent"] == 2.0

    def test_what_is_missed_lowers_recall(self) -> None:
        found = figures(AGENT, [(9_100, 10_000)])

        assert (found["interruptions_recall"], found["backchannels_recall"]) == (0.0, 0.0)
        assert found["interruptions_precision"] is None
        assert found["turns_recall"] == 1.0

    def test_what_is_not_true_lowers_precision(self) -> None:
        found = figures([(0, 9_000), (21_000, 30_000), (45_000, 50_000)], CUSTOMER)

        assert (found["turns_precision"], found["turns_recall"]) == (0.75, 1.0)

    def test_two_true_turns_are_not_found_in_one(self) -> None:
        found = figures([(0, 30_000)], [])

        assert found["turns_recall"] == pytest.approx(0.333)
